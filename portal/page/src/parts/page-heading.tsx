import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** Whether the page was opened just now, rather than reached by a link on it. */
let isFirst = true;

export interface PageHeadingProps {
  readonly title: string;
  readonly eyebrow?: ComponentChildren;
  readonly children?: ComponentChildren;
  readonly action?: ComponentChildren;
}

/** A page's title. It takes the focus when the page changes, so that keyboards and screen readers follow. */
export function PageHeading({ title, eyebrow, children, action }: PageHeadingProps): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!isFirst) heading.current?.focus({ preventScroll: true });
    isFirst = false;
  }, []);
  useEffect(() => {
    document.title = `${title} · Masumi agents`;
  }, [title]);
  return (
    <header class="page-heading">
      <div class="page-heading-text">
        {eyebrow === undefined ? null : <div class="eyebrow">{eyebrow}</div>}
        <h1 tabIndex={-1} ref={heading}>
          <bdi>{title}</bdi>
        </h1>
        {children}
      </div>
      {action === undefined ? null : <div class="page-heading-action">{action}</div>}
    </header>
  );
}
