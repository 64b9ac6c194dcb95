import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { announce } from "./announcer.tsx";
import { Icon } from "./icons.tsx";

const SHOWN_MS = 2000;

/** A long text that machines want: shown in short, copied whole. */
export function CopyText({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      announce(`${label} copied`);
    } catch {
      // Without the right to the clipboard the text can still be marked by hand.
      announce(`${label} could not be copied`);
    }
  };
  return (
    <span class="copy-text">
      <code title={text}>{text}</code>
      <button
        type="button"
        class="icon-button"
        aria-label={`Copy ${label.toLowerCase()}`}
        onClick={() => void copy()}
      >
        <Icon name={copied ? "check" : "copy"} />
      </button>
    </span>
  );
}
