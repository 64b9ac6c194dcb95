import { isMap, isScalar, parseDocument } from "yaml";
import { type Edit, appended, spliced, takesLines } from "../promote/declaration.ts";

export type PaymentType = "V1" | "V2";

export interface Wanted {
  readonly payment: PaymentType;
  readonly stack: string;
  /** Whether other stacks read the file, too: the agent stays as it is there. */
  readonly isShared: boolean;
}

/** Returns an agent's file as it would be with another type of wallet in a stack. Everything else stays as its author wrote it. */
export function withPayment(text: string, { payment, stack, isShared }: Wanted): Edit {
  const document = parseDocument(text);
  const overrides = document.get("overrides", true);
  const own = isMap(overrides) ? overrides.get(stack, true) : undefined;
  const overridden = isMap(own) ? own.get("payment", true) : undefined;
  const written = overridden ?? (isShared ? undefined : document.get("payment", true));
  if (written !== undefined) return changed(text, written, payment);
  // Overrides that somebody wrote may say anything, also by anchors, and of other stacks.
  if (isShared && overrides !== undefined)
    return { byHand: `write payment: ${payment} below ${stack}: below overrides` };
  const line = isShared ? `overrides: { ${stack}: { payment: ${payment} } }` : `payment: ${payment}`;
  if (!takesLines(document)) return { byHand: `write ${line}` };
  return { text: spliced(text, [appended(text, line)]), changes: [line] };
}

function changed(text: string, written: unknown, payment: PaymentType): Edit {
  const line = `payment: ${payment}`;
  if (!isScalar(written) || !written.range) return { byHand: `write ${line} instead of what is there` };
  const [start, end] = written.range;
  return { text: spliced(text, [{ start, end, text: payment }]), changes: [line] };
}
