import type { Complain, Path } from "../load/located.ts";
import type { DeclaredField } from "../schema/input.ts";

/** Checks the rules between the fields of a form, and between the parts of a field. */
export function checkInput(fields: readonly DeclaredField[], complain: Complain): void {
  const ids = fields.map(({ id }) => id);
  for (const [index, field] of fields.entries()) {
    const path = ["input", index];
    if (ids.indexOf(field.id) < index) {
      complain([...path, "id"], `another field has the id "${field.id}"`, "field ids are unique");
    }
    checkBounds(field, path, complain);
    if ("data" in field && field.data && "values" in field.data)
      checkValues(field.data, [...path, "data"], complain);
  }
}

function checkValues(
  { values, default: preset }: { readonly values: readonly string[]; readonly default?: string },
  path: Path,
  complain: Complain,
): void {
  for (const [index, value] of values.entries()) {
    if (values.indexOf(value) < index)
      complain([...path, "values", index], `"${value}" is listed twice`, "remove one");
  }
  if (preset !== undefined && !values.includes(preset)) {
    complain(
      [...path, "default"],
      `default "${preset}" is not among the values`,
      `choose one of ${values.join(", ")}`,
    );
  }
}

/** Complains about fields that nobody can fill in, because their minimum is above their maximum. */
function checkBounds(field: DeclaredField, path: Path, complain: Complain): void {
  const validations: readonly { validation: string; value: string }[] = field.validations ?? [];
  const most = validations.filter(({ validation }) => validation === "max").map(({ value }) => value);
  for (const [index, { validation, value }] of validations.entries()) {
    const lower = validation === "min" ? most.find((max) => isAbove(value, max)) : undefined;
    if (lower === undefined) continue;
    complain(
      [...path, "validations", index, "value"],
      `min ${value} is above max ${lower}`,
      "swap or change them",
    );
  }
}

/** Compares numbers by value, and dates and times as text, because they are written with the largest unit first. */
function isAbove(a: string, b: string): boolean {
  const [left, right] = [Number(a), Number(b)];
  return Number.isNaN(left) || Number.isNaN(right) ? a > b : left > right;
}
