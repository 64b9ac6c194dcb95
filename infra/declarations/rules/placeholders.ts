import type { Complain, Path } from "../load/located.ts";
import type { DeclaredCrew } from "../schema/crew.ts";
import type { DeclaredField } from "../schema/input.ts";
import { nearest } from "../schema/suggest.ts";

/** Placeholders that CrewAI fills in: `{name}`. Other braces, for example in JSON, are left as they are. */
const PLACEHOLDER = /\{([A-Za-z_][A-Za-z0-9_-]*)\}/g;
const SPACED_PLACEHOLDER = /\{\s+([A-Za-z_][A-Za-z0-9_-]*)\s*\}|\{([A-Za-z_][A-Za-z0-9_-]*)\s+\}/g;

/** Checks that a crew's texts name fields of the form, and that every field that customers fill in is used. */
export function checkPlaceholders(
  crew: DeclaredCrew,
  input: readonly DeclaredField[],
  inPrice: readonly string[],
  complain: Complain,
): void {
  const texts = filledTexts(crew);
  for (const { path, text } of texts) checkText(text, path, input, complain);
  checkGuardrails(crew, input, complain);
  const used = new Set([...inPrice, ...texts.flatMap(({ text }) => placeholders(text, PLACEHOLDER))]);
  for (const [index, { id, type }] of input.entries()) {
    if (used.has(id) || type === "none" || type === "hidden") continue;
    complain(
      ["input", index],
      `the customer is asked for "${id}", but the crew never uses it`,
      `use {${id}} in a task, or remove the field`,
    );
  }
}

function checkText(text: string, path: Path, input: readonly DeclaredField[], complain: Complain): void {
  const ids = idsWithValue(input);
  for (const id of placeholders(text, PLACEHOLDER).filter((id) => !ids.includes(id))) {
    if (input.some((field) => field.id === id)) {
      complain(
        path,
        `{${id}} has no value, because a field of type none is only displayed`,
        "give it another type",
      );
      continue;
    }
    const near = nearest(id, ids);
    complain(
      path,
      `{${id}} is not an input field`,
      near ? `did you mean {${near}}?` : `add an input field with id: ${id}`,
    );
  }
  for (const id of placeholders(text, SPACED_PLACEHOLDER).filter((id) => ids.includes(id))) {
    complain(path, `{ ${id} } is not filled in because of its spaces`, `write {${id}}`);
  }
}

function checkGuardrails({ tasks }: DeclaredCrew, input: readonly DeclaredField[], complain: Complain): void {
  const ids = idsWithValue(input);
  for (const [index, { guardrail = "" }] of tasks.entries()) {
    for (const id of placeholders(guardrail, PLACEHOLDER).filter((id) => ids.includes(id))) {
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

function placeholders(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, first, second]) => first ?? second ?? ""))];
}
