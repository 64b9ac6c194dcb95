import { explainAll } from "./load/explain.ts";
import { type Complain, type Located, pairOf, toPlain } from "./load/located.ts";
import { checkRules } from "./rules/agent.ts";
import { type Declaration, declarationSchema } from "./schema/schema.ts";

/** A declaration as far as it is right. */
export interface Validated {
  /** Only if everything is right. */
  readonly declaration?: Declaration;
  /** The top-level keys that are right by themselves. */
  readonly parts: Partial<Declaration>;
}

type Key = keyof Declaration;

const shape = declarationSchema.shape;

/** Checks what needs neither the stack's network nor the disk: the schema, and what holds between its parts. */
export function validate(located: Located, complain: Complain): Validated {
  const raw = toPlain(located.root) as Record<string, unknown>;
  const checked = declarationSchema.safeParse(raw);
  if (!checked.success) explainAll(checked.error.issues, declarationSchema, located, complain);
  const parts = checked.success ? checked.data : validParts(raw);
  const intact = checkRules(parts, raw, complain);
  return checked.success && intact ? { declaration: checked.data, parts } : { parts };
}

/** Checks `only` and `overrides`, which say which variants of a declaration there are. */
export function validatePlacement(located: Located, complain: Complain): void {
  for (const key of ["only", "overrides"] as const) {
    const pair = pairOf(located.root, key);
    if (!pair) continue;
    const checked = shape[key].safeParse(toPlain(pair.value));
    if (!checked.success) explainAll(checked.error.issues, declarationSchema, located, complain, [key]);
  }
}

/** Rules between parts are also checked where another part is wrong, so that all complaints come at once. */
function validParts(raw: Readonly<Record<string, unknown>>): Partial<Declaration> {
  const entries = (Object.keys(shape) as Key[]).flatMap((key): [Key, unknown][] => {
    const checked = shape[key].safeParse(raw[key]);
    return checked.success && checked.data !== undefined ? [[key, checked.data]] : [];
  });
  return Object.fromEntries(entries);
}
