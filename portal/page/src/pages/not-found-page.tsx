import type { JSX } from "preact";
import { PageHeading } from "../parts/page-heading.tsx";
import { Link } from "../routing/router.tsx";

export const NotFoundPage = (): JSX.Element => (
  <>
    <PageHeading title="There is nothing here">
      <p class="lead">The address may be mistyped, or what was here has been removed.</p>
    </PageHeading>
    <Link to="/" class="button">
      Your agents
    </Link>
  </>
);
