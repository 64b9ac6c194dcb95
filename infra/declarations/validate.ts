import type { z } from "zod";
import { explainAll } from "./load/explain.ts";
import { type Complain, type Located, pairOf, toPlain } from "./load/located.ts";
import { checkRules } from "./rules/agent.ts";
import { type Declaration, declarationSchema } from "./schema/schema.ts";
import { withStandIns } from "./schema/stand-ins.ts";

/** A declaration as far as it is valid. */
export interface Validated {
  /** Present only if everything is valid. */
  readonly declaration?: Declaration;
  /** The top-level keys whose values are valid on their own. */
  readonly parts: Partial<Declaration>;
}

type Key = keyof Declaration;

const shape = declarationSchema.shape;

/**
 * Checks what needs neither the stack's network nor the disk: the schema, and the rules between its parts; who does
 * which task only if the crew is whole.
 */
export function validate(located: Located, complain: Complain, isCrewWhole = true): Validated {
  const raw = toPlain(located.root) as Record<string, unknown>;
  const checked = declarationSchema.safeParse(raw);
  if (!checked.success) explainAll(checked.error.issues, declarationSchema, located, complain);
  const parts = checked.success ? checked.data : validParts(withoutUnknownKeys(raw, checked.error.issues));
  const intact = checkRules(parts, raw, complain, isCrewWhole);
  return checked.success && isCrewWhole && intact ? { declaration: checked.data, parts } : { parts };
}

/** Checks `only` and `overrides`, which determine the variants of a declaration. */
export function validatePlacement(located: Located, complain: Complain): void {
  for (const key of ["only", "overrides"] as const) {
    const pair = pairOf(located.root, key);
    if (!pair) continue;
    const checked = shape[key].safeParse(toPlain(pair.value));
    if (!checked.success) explainAll(checked.error.issues, declarationSchema, located, complain, [key]);
  }
}

/** Returns a declaration without the keys that nobody knows, so that a part with such a key is checked like any other. */
function withoutUnknownKeys(raw: Readonly<Record<string, unknown>>, issues: readonly z.core.$ZodIssue[]) {
  const copy = structuredClone(raw);
  for (const issue of issues) {
    if (issue.code !== "unrecognized_keys") continue;
    const map = issue.path.reduce<unknown>(
      (node, step) => (node as Record<PropertyKey, unknown> | undefined)?.[step],
      copy,
    );
    for (const key of issue.keys) delete (map as Record<string, unknown>)[key];
  }
  return copy;
}

/** Returns the valid parts: rules between them are checked even if others are invalid, so all complaints come at once. */
function validParts(raw: Readonly<Record<string, unknown>>): Partial<Declaration> {
  const entries = (Object.keys(shape) as Key[]).flatMap((key): [Key, unknown][] => {
    const checked = shape[key].safeParse(raw[key]);
    return checked.success && checked.data !== undefined ? [[key, checked.data]] : [];
  });
  const parts: Partial<Declaration> = Object.fromEntries(entries);
  const crew = withStandIns(raw["crew"], everyPlaceholder(parts.input));
  return crew ? { ...parts, crew } : parts;
}

/** Returns a text that uses every field: of a text that is missing, nobody knows which it would use. */
const everyPlaceholder = (input: Declaration["input"] = []): string =>
  ["-", ...input.map(({ id }) => `{${id}}`)].join(" ");
