import type { JSX } from "preact";

export const Loading = (): JSX.Element => (
  <p class="loading" role="status">
    <span class="spinner" aria-hidden="true" /> Loading
  </p>
);
