import { explainAll } from "./load/explain.ts";
import { type Complain, type Located, pairOf, toPlain } from "./load/located.ts";
import { checkRules } from "./rules/agent.ts";
import { type Declaration, declarationSchema } from "./schema/schema.ts";

/** A declaration as far as it is valid. */
export interface Validated {
  /** Present only if everything is valid. */
  readonly declaration?: Declaration;
  /** The top-level keys whose values are valid on their own. */
  readonly parts: Partial<Declaration>;
}

type Key = keyof Declaration;

const shape = declarationSchema.shape;

/** Checks what needs neither the stack's network nor the disk: the schema, and the rules between its parts. */
export function validate(located: Located, complain: Complain): Validated {
  const raw = toPlain(located.root) as Record<string, unknown>;
  const checked = declarationSchema.safeParse(raw);
  if (!checked.success) explainAll(checked.error.issues, declarationSchema, located, complain);
  const parts = checked.success ? checked.data : validParts(raw);
  const intact = checkRules(parts, raw, complain);
  return checked.success && intact ? { declaration: checked.data, parts } : { parts };
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

/** Returns the valid parts: rules between them are checked even if others are invalid, so all complaints come at once. */
function validParts(raw: Readonly<Record<string, unknown>>): Partial<Declaration> {
  const entries = (Object.keys(shape) as Key[]).flatMap((key): [Key, unknown][] => {
    const checked = shape[key].safeParse(raw[key]);
    return checked.success && checked.data !== undefined ? [[key, checked.data]] : [];
  });
  return Object.fromEntries(entries);
}
