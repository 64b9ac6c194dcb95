import type { JSX } from "preact";
import { Link } from "../routing/router.tsx";
import { Icon } from "./icons.tsx";

export const BackLink = (): JSX.Element => (
  <Link to="/" class="back">
    <Icon name="back" />
    Your agents
  </Link>
);
