import type { JSX } from "preact";

const PATHS = {
  plus: "M12 5v14M5 12h14",
  copy: "M9 9h10v11H9zM5 15V4h10",
  check: "m5 12.5 4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6 6 18",
  arrow: "M5 12h14m-6-6 6 6-6 6",
  back: "M19 12H5m6-6-6 6 6 6",
  warning: "M12 4 2.8 19.5h18.4zM12 10v4m0 2.5v.1",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  upload: "M12 16V5m-5 5 5-5 5 5M5 19h14",
  outside: "M14 5h5v5m0-5-8 8M10 6H5v13h13v-5",
} as const;

export type IconName = keyof typeof PATHS;

/** A drawing beside a text that says the same; readers of screens do not hear of it. */
export const Icon = ({ name }: { readonly name: IconName }): JSX.Element => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d={PATHS[name]} />
  </svg>
);
