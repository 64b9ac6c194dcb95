import type { Complain } from "../load/located.ts";
import type { DeclaredEval } from "../schema/evals.ts";
import type { DeclaredField } from "../schema/input.ts";
import { didYouMean } from "../schema/suggest.ts";

/** Checks that evaluations can be told apart, and that each fills in the form: `eval` checks the values themselves. */
export function checkEvals(
  evals: readonly DeclaredEval[],
  fields: readonly DeclaredField[],
  complain: Complain,
): void {
  const names = evals.map(({ name }) => name);
  for (const [index, { name, inputs }] of evals.entries()) {
    const path = ["evals", index];
    if (names.indexOf(name) < index) {
      complain([...path, "name"], `another evaluation is called "${name}"`, "names are unique");
    }
    checkInputs(inputs, fields, (...complaint) => {
      const [inner, ...rest] = complaint;
      complain([...path, "inputs", ...inner], ...rest);
    });
  }
}

function checkInputs(
  inputs: DeclaredEval["inputs"],
  fields: readonly DeclaredField[],
  complain: Complain,
): void {
  const ids = fields.map(({ id }) => id);
  for (const id of Object.keys(inputs).filter((id) => !ids.includes(id))) {
    complain([id], `"${id}" is not a field in input`, didYouMean(id, ids), "key");
  }
  const missing = fields.filter((field) => isNeeded(field) && !Object.hasOwn(inputs, field.id));
  if (missing.length === 0) return;
  const listed = missing.map(({ id }) => id).join(", ");
  complain([], `inputs lacks ${listed}, which customers must fill in`, "add a value for each");
}

const isNeeded = ({ type, validations }: DeclaredField): boolean =>
  type !== "none" &&
  type !== "hidden" &&
  !(validations ?? []).some(({ validation, value }) => validation === "optional" && value === "true");
