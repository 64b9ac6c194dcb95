import type { Complain, Path } from "../load/located.ts";
import type { DeclaredCrew } from "../schema/crew.ts";
import { type DeclaredField, fieldFor } from "../schema/input.ts";
import { flow } from "../schema/flow.ts";
import { nearest } from "../schema/suggest.ts";

/** Placeholders that CrewAI fills in: `{name}`. Other braces, for example in JSON, are left as they are. */
const PLACEHOLDER = /\{([A-Za-z_][A-Za-z0-9_-]*)\}/g;
const SPACED_PLACEHOLDER = /\{\s+([A-Za-z_][A-Za-z0-9_-]*)\s*\}|\{([A-Za-z_][A-Za-z0-9_-]*)\s+\}/g;

/** What the Python of CrewAI's projects fills in, and no customer knows better. */
const TODAY = /^(current_(date|day|month|year)|today)$/;
const TOLD = ", or leave it out and write inject_date: true under the agent";

/** Checks that a crew's texts name fields of the form, and that every field that customers fill in is used. */
export function checkPlaceholders(
  crew: DeclaredCrew,
  input: readonly DeclaredField[],
  inPrice: readonly string[],
  complain: Complain,
): void {
  checkTexts(crew, input, complain);
  const texts = filledTexts(crew);
  const used = new Set([...inPrice, ...texts.flatMap(({ text }) => placeholdersIn(text))]);
  checkUse(input, (id) => used.has(id), complain);
}

/** Complains about fields that a customer fills in for nothing. */
export function checkUse(
  input: readonly DeclaredField[],
  isUsed: (id: string) => boolean,
  complain: Complain,
): void {
  for (const [index, { id, type }] of input.entries()) {
    if (type === "none" || type === "hidden" || isUsed(id)) continue;
    complain(
      ["input", index],
      `the customer is asked for "${id}", but the crew never uses it`,
      `use {${id}} in a task, or remove the field`,
    );
  }
}

/** Checks that a crew's texts name fields of the form. */
export function checkTexts(crew: DeclaredCrew, input: readonly DeclaredField[], complain: Complain): void {
  const complainOnce = missingFieldsOnce()(complain);
  for (const { path, text } of filledTexts(crew)) checkText(text, path, input, complainOnce);
  checkGuardrails(crew, input, complain);
}

/** Returns what has a field that is to be added complained of only where it is used first, of all its texts: it is one mistake. */
export function missingFieldsOnce(): (complain: Complain) => Complain {
  const told = new Set<string>();
  return (complain) =>
    (path, message, remedy = "", part) => {
      if (remedy.startsWith("add ") && told.has(remedy)) return;
      told.add(remedy);
      complain(path, message, remedy, part);
    };
}

/**
 * Checks one text of a crew.
 *
 * @param given names that the crew's own code may fill in
 * @param form what the input fields belong to, where the text is in another file
 */
export function checkText(
  text: string,
  path: Path,
  input: readonly DeclaredField[],
  complain: Complain,
  { given = () => false, form }: { readonly given?: (id: string) => boolean; readonly form?: string } = {},
): void {
  const ids = idsWithValue(input);
  const ofForm = form === undefined ? "" : ` of ${form}`;
  for (const id of placeholdersIn(text).filter((id) => !ids.includes(id) && !given(id))) {
    if (input.some((field) => field.id === id)) {
      complain(
        path,
        `{${id}} has no value, because a field of type none is only displayed`,
        "give it another type",
      );
      continue;
    }
    const near = nearest(id, ids);
    const added = `add ${flow(fieldFor(id))} to input${TODAY.test(id) ? TOLD : ""}`;
    complain(path, `{${id}} is not an input field${ofForm}`, near ? `did you mean {${near}}?` : added);
  }
  for (const id of placeholders(text, SPACED_PLACEHOLDER).filter((id) => ids.includes(id))) {
    complain(path, `{ ${id} } is not filled in because of its spaces`, `write {${id}}`);
  }
}

function checkGuardrails({ tasks }: DeclaredCrew, input: readonly DeclaredField[], complain: Complain): void {
  const ids = idsWithValue(input);
  for (const [index, { guardrail = "" }] of tasks.entries()) {
    for (const id of placeholdersIn(guardrail).filter((id) => ids.includes(id))) {
      complain(
        ["crew", "tasks", index, "guardrail"],
        `{${id}} is not filled in within guardrails`,
        "rephrase the guardrail without it",
      );
    }
  }
}

const idsWithValue = (input: readonly DeclaredField[]): string[] =>
  input.filter(({ type }) => type !== "none").map(({ id }) => id);

/** Returns the texts in which CrewAI fills in the customer's input. */
function filledTexts({ agents, tasks }: DeclaredCrew): { path: Path; text: string }[] {
  const ofAgents = Object.entries(agents).flatMap(([name, agent]) =>
    (["role", "goal", "backstory"] as const).map((key) => ({
      path: ["crew", "agents", name, key],
      text: agent[key],
    })),
  );
  const ofTasks = tasks.flatMap((task, index) =>
    (["description", "expected_output"] as const).map((key) => ({
      path: ["crew", "tasks", index, key],
      text: task[key],
    })),
  );
  return [...ofAgents, ...ofTasks];
}

/** Returns the names in a text that CrewAI replaces by a customer's input. */
export const placeholdersIn = (text: string): string[] => placeholders(text, PLACEHOLDER);

function placeholders(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, first, second]) => first ?? second ?? ""))];
}
