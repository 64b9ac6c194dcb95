import type { ComponentChildren, JSX } from "preact";
import { createStore, useStore } from "../store.ts";

const path = createStore(location.pathname);

globalThis.addEventListener("popstate", () => path.set(location.pathname));

/** Goes to another of the page's own paths. */
export function navigate(to: string, { replace = false } = {}): void {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  path.set(location.pathname);
  if (!replace) globalThis.scrollTo(0, 0);
}

/** The page's path, without what follows a question mark. */
export const usePath = (): string => useStore(path);

export interface LinkProps {
  readonly to: string;
  readonly class?: string;
  readonly current?: boolean;
  readonly children: ComponentChildren;
}

/** A link within the page; a click with a key held down does what the browser does with links. */
export function Link({ to, class: className, current, children }: LinkProps): JSX.Element {
  const clicked = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a href={to} class={className} aria-current={current ? "page" : undefined} onClick={clicked}>
      {children}
    </a>
  );
}
