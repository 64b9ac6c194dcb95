import type { Complain, Path } from "./located.ts";
import type { DeclaredCrew } from "./schema-crew.ts";
import type { DeclaredField } from "./schema-input.ts";
import { didYouMean, nearest } from "./suggest.ts";

/** What CrewAI fills in: `{name}`; other braces, such as those of a JSON example, stay as they are. */
const PLACEHOLDER = /\{([A-Za-z_][A-Za-z0-9_-]*)\}/g;
const SPACED_PLACEHOLDER = /\{\s+([A-Za-z_][A-Za-z0-9_-]*)\s*\}|\{([A-Za-z_][A-Za-z0-9_-]*)\s+\}/g;

/** What holds within a crew, and between it and the form that its customer fills in, if that is right by itself. */
export function checkCrew(
  crew: DeclaredCrew,
  input: readonly DeclaredField[] | undefined,
  complain: Complain,
): void {
  checkTasks(crew, complain);
  if (input) checkPlaceholders(crew, input, complain);
}

function checkTasks({ agents, tasks }: DeclaredCrew, complain: Complain): void {
  const names = tasks.map(({ name }) => name);
  for (const [index, task] of tasks.entries()) {
    const path = ["crew", "tasks", index];
    if (names.indexOf(task.name) < index) {
      complain([...path, "name"], `another task is called "${task.name}"`, "names of tasks are unique");
    }
    if (!Object.hasOwn(agents, task.agent)) {
      complain(
        [...path, "agent"],
        `"${task.agent}" is not an agent of this crew`,
        didYouMean(task.agent, Object.keys(agents)),
      );
    }
    for (const [position, earlier] of (task.context ?? []).entries()) {
      checkContext(earlier, names, index, [...path, "context", position], complain);
    }
  }
  const busy = new Set(tasks.map(({ agent }) => agent));
  for (const idle of Object.keys(agents).filter((agent) => !busy.has(agent))) {
    complain(["crew", "agents", idle], `agent "${idle}" has no task`, "give it one or remove it", "key");
  }
}

function checkContext(
  earlier: string,
  names: readonly string[],
  index: number,
  path: Path,
  complain: Complain,
): void {
  const before = names.slice(0, index);
  if (before.includes(earlier)) return;
  if (names.includes(earlier)) {
    complain(
      path,
      `"${earlier}" is not done yet when this task begins`,
      "context names tasks that stand above",
    );
  } else {
    complain(path, `"${earlier}" is not a task of this crew`, didYouMean(earlier, before));
  }
}

function checkPlaceholders(crew: DeclaredCrew, input: readonly DeclaredField[], complain: Complain): void {
  const shownOnly = new Set(input.filter(({ type }) => type === "none").map(({ id }) => id));
  const ids = input.map(({ id }) => id).filter((id) => !shownOnly.has(id));
  const used = new Set<string>();
  for (const { path, text } of filledTexts(crew)) {
    for (const id of placeholders(text, PLACEHOLDER)) {
      used.add(id);
      if (ids.includes(id)) continue;
      if (shownOnly.has(id)) {
        complain(path, `{${id}} has no value: a field of type none is only shown`, "give it another type");
        continue;
      }
      const near = nearest(id, ids);
      complain(
        path,
        `{${id}} is not asked for`,
        near ? `did you mean {${near}}?` : `add an input with id: ${id}`,
      );
    }
    for (const id of placeholders(text, SPACED_PLACEHOLDER).filter((id) => ids.includes(id))) {
      complain(path, `{ ${id} } is not filled in because of its blanks`, `write {${id}}`);
    }
  }
  for (const [index, { guardrail = "" }] of crew.tasks.entries()) {
    for (const id of placeholders(guardrail, PLACEHOLDER).filter((id) => ids.includes(id))) {
      complain(
        ["crew", "tasks", index, "guardrail"],
        `{${id}} is not filled in within a guardrail`,
        "say it without",
      );
    }
  }
  for (const [index, field] of input.entries()) {
    if (field.type === "file") {
      complain(
        ["input", index, "type"],
        "a crew cannot read files of its customer in this version",
        "ask for text in a textarea",
      );
    } else if (!used.has(field.id) && field.type !== "none" && field.type !== "hidden") {
      complain(
        ["input", index],
        `the customer is asked for "${field.id}", but no text of the crew uses it`,
        `write {${field.id}} in a task, or remove the field`,
      );
    }
  }
}

/** The texts in which CrewAI fills in what the customer entered. */
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
