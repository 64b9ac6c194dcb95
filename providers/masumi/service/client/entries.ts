import type { z } from "zod";
import { printable } from "../../../common/printable.ts";
import { RegistrationError } from "../errors.ts";
import { isMarker } from "../marker.ts";
import type { Row, SkippedEntry } from "../model.ts";
import { fromEntry } from "./convert.ts";
import {
  type Listed,
  type Payment,
  type PaymentSource,
  ENTRY_TYPES,
  payment,
  paymentSource,
  registryEntry,
  strangeEntry,
  strangePayment,
} from "./wire.ts";

/* Lists are read element by element: what anybody put on the service must not keep anybody from what is theirs. */

/** Returns where an answer is not as expected, and how: `Author.name: expected string`. */
export function describeIssue(error: z.ZodError | undefined): string {
  const [issue] = error?.issues ?? [];
  if (!issue) return "";
  const place = issue.path.map(String).join(".");
  return place ? `${place}: ${issue.message}` : issue.message;
}

/** Reads lists of registrations. What is word for word as in a list before is not checked again: most of a list is as it was a moment ago. */
export class RegistrationReader {
  readonly #read = new Map<string, { readonly text: string; readonly row: Row }>();

  /** Returns the registrations in a list; `onSkipped` gets every other entry. */
  rowsOf(entries: readonly Listed[], onSkipped?: (entry: SkippedEntry) => void): Row[] {
    return entries.flatMap((entry) => {
      const text = JSON.stringify(entry);
      const known = this.#read.get(entry.id);
      if (known?.text === text) return [known.row];
      const read = registryEntry.safeParse(entry);
      if (read.success) {
        const row = fromEntry(read.data);
        this.#read.set(entry.id, { text, row });
        return [row];
      }
      onSkipped?.(skippedOf(entry, read.error));
      return [];
    });
  }
}

function skippedOf(entry: Listed, error: z.ZodError): SkippedEntry {
  const { name, type, state, Tags } = strangeEntry.parse(entry);
  return {
    id: entry.id,
    name,
    state,
    markers: Tags.filter((tag) => typeof tag === "string" && isMarker(tag)) as string[],
    problem: type && !isKnown(type) ? `it is of the type ${type}` : describeIssue(error),
  };
}

const isKnown = (type: string) => (ENTRY_TYPES as readonly string[]).includes(type);

/** Returns the error for an entry that is, or may be, a registration of ours. */
export const notUnderstood = ({ id, name, problem }: SkippedEntry): RegistrationError =>
  new RegistrationError({
    code: "ENTRY_NOT_UNDERSTOOD",
    what: `Registration ${id}${name && ` ("${printable(name)}")`} cannot be understood: ${printable(problem)}.`,
  });

/** Returns the payment sources in a list that can be understood; a wallet of another one is missed by name later. */
export const paymentSourcesOf = (sources: readonly Listed[]): PaymentSource[] =>
  sources.flatMap((source) => paymentSource.safeParse(source).data ?? []);

/** Returns every payment in a list: one that cannot be read may be owed, so it counts as open for whoever it may belong to. */
export const paymentsOf = (payments: readonly Listed[]): Payment[] =>
  payments.map(
    (one) => payment.safeParse(one).data ?? { ...strangePayment.parse(one), onChainState: "unreadable" },
  );
