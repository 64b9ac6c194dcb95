import {
  type Field,
  type HireOptions,
  type InputData,
  type Respondent,
  defaultOf,
  enteredValues,
  exampleOf,
  fitInput,
  isEnterable,
  isList,
  isOptional,
} from "../../buyer/index.ts";
import { printable } from "../../providers/common/printable.ts";
import { UserError } from "../../stacks/user-error.ts";
import { typed } from "./entered.ts";
import { descriptionOf } from "./text.ts";
import type { Prompter } from "../terminal.ts";

/** Return whoever sits at a terminal as the one who answers; undefined if nobody does. */
export function respondentAt(
  prompter: Prompter | undefined,
  say: (line: string) => void,
): Respondent | undefined {
  if (!prompter) return undefined;
  return {
    async answer({ fields }, signal) {
      say("The agent asks:");
      const input: Record<string, unknown> = {};
      for (const field of fields) {
        for (const line of descriptionOf(field)) say(line);
        if (!isEnterable(field)) continue;
        const answer = await askFor(field, prompter, say, signal);
        if (!answer) return undefined;
        Object.assign(input, answer);
      }
      return input;
    },
  };
}

/** Return who enters a new job's input at a terminal: one question for each field; undefined if nobody sits there. */
export function inputFrom(
  prompter: Prompter | undefined,
  say: (line: string) => void,
): HireOptions["askInput"] {
  if (!prompter) return undefined;
  return async (fields, signal) => {
    const input: Record<string, unknown> = {};
    for (const field of fields.filter(isEnterable)) {
      for (const line of descriptionOf(field)) say(line);
      const answer = await askFor(field, prompter, say, signal, hintOf(field));
      if (!answer) return undefined;
      Object.assign(input, answer);
    }
    return enteredValues(input);
  };
}

/** Type, and what may be typed: ` (number, optional; for example 3)`. */
function hintOf(field: Field): string {
  const [standard, example] = [defaultOf(field), exampleOf(field)];
  const type = isList(field) ? `${field.type}, several with commas` : field.type;
  const parts = [
    `${type}${isOptional(field) ? ", optional" : ""}`,
    ...(field.type === "file" ? ["@file or a URL"] : []),
    ...(standard === undefined ? [] : [`default ${standard}`]),
    ...(example === undefined || example === standard || field.data?.values
      ? []
      : [`for example ${example}`]),
  ];
  return ` (${printable(parts.join("; "))})`;
}

/** Asks for one field, until what is typed fits. An empty line is the field's default. */
async function askFor(
  field: Field,
  prompter: Prompter,
  say: (line: string) => void,
  signal: AbortSignal,
  hint = "",
): Promise<InputData | undefined> {
  for (const [index, choice] of (field.data?.values ?? []).entries()) say(`  ${index}  ${printable(choice)}`);
  const label = `${printable(field.name || field.id)}${hint}: `;
  for (;;) {
    const line = await prompter.ask(label, { isSecret: field.type === "password", signal });
    if (line === undefined) return undefined;
    const fit = fitLine(field, line === "" ? (defaultOf(field) ?? "") : line);
    if (typeof fit === "object") return fit;
    say(fit);
  }
}

/** What was typed as the field wants it, or why it does not fit. */
function fitLine(field: Field, line: string): InputData | string {
  const parts = isList(field) ? line.split(",").map((part) => part.trim()) : [line];
  try {
    const texts = parts.filter((part) => part !== "");
    const { input, problems } = fitInput([field], typed(new Map([[field.id, texts]])));
    return problems.length > 0 ? problems.join("\n") : input;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}
