import type { ComponentChildren, JSX } from "preact";
import { explain } from "../api/problem.ts";
import { Icon } from "./icons.tsx";

export interface NoticeProps {
  readonly tone: "info" | "warning" | "bad";
  readonly title: string;
  readonly children?: ComponentChildren;
  /** What can be done: buttons, links. */
  readonly action?: ComponentChildren;
  /** Read out as soon as it appears. */
  readonly urgent?: boolean;
}

export function Notice({ tone, title, children, action, urgent = false }: NoticeProps): JSX.Element {
  return (
    <div class={`notice notice-${tone}`} role={urgent ? "alert" : undefined}>
      {tone === "info" ? null : <Icon name="warning" />}
      <div class="notice-text">
        <p class="notice-title">{title}</p>
        {children}
      </div>
      {action === undefined ? null : <div class="notice-action">{action}</div>}
    </div>
  );
}

/** What went wrong, and what to do about it. */
export function ErrorNotice({
  error,
  retry,
}: {
  readonly error: unknown;
  readonly retry?: () => void;
}): JSX.Element {
  const { title, detail } = explain(error);
  const action = retry && (
    <button type="button" class="button" onClick={retry}>
      Try again
    </button>
  );
  return (
    <Notice tone="bad" title={title} action={action || undefined} urgent>
      <p>{detail}</p>
    </Notice>
  );
}
