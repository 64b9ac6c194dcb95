import type { ComponentChildren, JSX } from "preact";

export interface BusyButtonProps {
  readonly busy: boolean;
  readonly kind?: "primary" | "plain" | "danger";
  readonly type?: "button" | "submit";
  readonly disabled?: boolean;
  readonly onClick?: () => void;
  readonly children: ComponentChildren;
}

/** A button that shows that it is at work. It keeps the focus meanwhile, and does nothing a second time. */
export function BusyButton({
  busy,
  kind = "plain",
  type = "button",
  disabled,
  onClick,
  children,
}: BusyButtonProps): JSX.Element {
  const clicked = (event: Event) => {
    if (busy || disabled) event.preventDefault();
    else onClick?.();
  };
  return (
    <button
      type={type}
      class={kind === "plain" ? "button" : `button button-${kind}`}
      aria-disabled={busy || disabled ? "true" : undefined}
      aria-busy={busy ? "true" : undefined}
      onClick={clicked}
    >
      {busy ? <span class="spinner" aria-hidden="true" /> : null}
      {children}
    </button>
  );
}
