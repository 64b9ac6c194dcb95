import { type Field, type InputData, type Respondent, fitInput, isList } from "../../buyer/index.ts";
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
        if (field.type === "none" || field.type === "hidden") continue;
        const answer = await askFor(field, prompter, say, signal);
        if (!answer) return undefined;
        Object.assign(input, answer);
      }
      return input;
    },
  };
}

/** Asks for one field, until what is typed fits. */
async function askFor(
  field: Field,
  prompter: Prompter,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<InputData | undefined> {
  for (const [index, choice] of (field.data?.values ?? []).entries()) say(`  ${index}  ${printable(choice)}`);
  const label = `${printable(field.name || field.id)}: `;
  for (;;) {
    const line = await prompter.ask(label, { isSecret: field.type === "password", signal });
    if (line === undefined) return undefined;
    const fit = fitLine(field, line);
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
