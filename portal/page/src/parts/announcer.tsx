import type { JSX } from "preact";
import { createStore, useStore } from "../store.ts";

const said = createStore("");

/** Lets readers of screens hear of something that others see. */
export const announce = (text: string): void => said.set(text);

export const Announcer = (): JSX.Element => (
  <div class="unseen" role="status" aria-live="polite">
    {useStore(said)}
  </div>
);
