import type { Complain, Path } from "../load/located.ts";
import type { DeclaredCrew } from "../schema/crew.ts";
import type { Declaration } from "../schema/schema.ts";
import type { DeclaredField } from "../schema/input.ts";
import { didYouMean } from "../schema/suggest.ts";
import { checkPlaceholders } from "./placeholders.ts";

/** Checks the rules within a crew, and between the crew and its input form if that is valid on its own. */
export function checkCrew(
  crew: DeclaredCrew,
  { input, documents, pricing }: Partial<Pick<Declaration, "input" | "documents" | "pricing">>,
  complain: Complain,
): void {
  checkManager(crew, complain);
  checkTasks(crew, complain);
  checkTools(crew, documents, complain);
  const inPrice = typeof pricing === "object" && "times" in pricing ? [pricing.times ?? ""] : [];
  if (!input) return;
  checkPlaceholders(crew, input, inPrice, complain);
  for (const [index, field] of input.entries()) {
    if (field.type === "file") checkFileTypes(field, ["input", index], complain);
  }
}

function checkManager({ process, manager_agent: manager, agents }: DeclaredCrew, complain: Complain): void {
  if (manager === undefined) return;
  const path = ["crew", "manager_agent"];
  if (process !== "hierarchical") {
    complain(
      path,
      "only a hierarchical crew has a manager",
      "set process: hierarchical, or remove it",
      "key",
    );
  }
  const agent = Object.hasOwn(agents, manager) ? agents[manager] : undefined;
  if (!agent) {
    complain(path, `"${manager}" is not an agent of this crew`, didYouMean(manager, Object.keys(agents)));
  } else if (agent.tools?.length) {
    complain(
      ["crew", "agents", manager, "tools"],
      "a manager cannot have tools",
      "give them to the agents that do the work",
      "key",
    );
  }
}

function checkTools(
  { agents, fetch_hosts }: DeclaredCrew,
  documents: readonly unknown[] | undefined,
  complain: Complain,
): void {
  const uses = (tool: string) =>
    Object.values(agents).some(({ tools }) => tools?.some((one) => one === tool));
  for (const [name, { tools = [] }] of Object.entries(agents)) {
    for (const [index, tool] of tools.entries()) {
      const path = ["crew", "agents", name, "tools", index];
      if (tools.indexOf(tool) < index) complain(path, `"${tool}" is listed twice`, "remove one");
      if (tool === "fetch_page" && !fetch_hosts) {
        complain(
          path,
          "fetch_page has no hosts to fetch from",
          "add fetch_hosts: [docs.example.com] to crew",
        );
      }
      if (tool === "document_search" && documents?.length === 0) {
        complain(
          path,
          "document_search has nothing to search",
          'list files under "documents" at the top level',
        );
      }
    }
  }
  if (fetch_hosts && !uses("fetch_page")) {
    complain(
      ["crew", "fetch_hosts"],
      "no agent has the tool fetch_page",
      "give it to an agent, or remove the hosts",
      "key",
    );
  }
}

function checkTasks(crew: DeclaredCrew, complain: Complain): void {
  const { agents, tasks, process = "sequential", manager_agent: manager } = crew;
  const workers = Object.keys(agents).filter((name) => name !== manager);
  const names = tasks.map(({ name }) => name);
  const busy = new Set(tasks.map(({ agent }) => agent));
  const idle = workers.filter((agent) => !busy.has(agent));
  for (const [index, task] of tasks.entries()) {
    const path = ["crew", "tasks", index];
    if (names.indexOf(task.name) < index) {
      complain([...path, "name"], `another task is called "${task.name}"`, "task names are unique");
    }
    if (task.agent === undefined) {
      checkUnassigned(task, process, idle.shift() ?? workers[0], path, complain);
    } else if (!workers.includes(task.agent)) {
      complain(
        [...path, "agent"],
        task.agent === manager
          ? `"${task.agent}" is the manager, which does no tasks itself`
          : `"${task.agent}" is not an agent of this crew`,
        didYouMean(task.agent, workers),
      );
    }
    for (const [position, earlier] of (task.context ?? []).entries()) {
      checkContext(earlier, names, index, [...path, "context", position], complain);
    }
  }
  // A manager may assign a task without an agent to any of them.
  if (process === "hierarchical" && busy.has(undefined)) return;
  for (const agent of idle) {
    const mayLead = manager === undefined && idle.length === 1 && workers.length > 2;
    const remedy = `give it one or remove it${mayLead ? asManager(agent, process) : ""}`;
    complain(["crew", "agents", agent], `agent "${agent}" has no task`, remedy, "key");
  }
}

/** CrewAI's agents.yaml does not say which agent is the manager: the project's Python does. */
function asManager(agent: string, process: string): string {
  const hierarchical = process === "hierarchical" ? "" : "process: hierarchical and ";
  return `; if it leads the others, write ${hierarchical}manager_agent: ${agent} under crew`;
}

function checkUnassigned(
  { name, guardrail }: DeclaredCrew["tasks"][number],
  process: string,
  proposed: string | undefined,
  path: Path,
  complain: Complain,
): void {
  if (process === "sequential") {
    complain(
      [...path, "agent"],
      `task "${name}" has no agent`,
      `for example agent: ${proposed ?? "researcher"}`,
    );
  } else if (guardrail !== undefined) {
    complain(
      [...path, "guardrail"],
      "a guardrail is checked by the task's agent, and this task has no agent",
      "add agent: with the name of one",
    );
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
      `"${earlier}" is not finished when this task starts`,
      "context can only name tasks further up",
    );
  } else {
    complain(path, `"${earlier}" is not a task of this crew`, didYouMean(earlier, before));
  }
}

/** File types that the runtime converts to text for declared crews (crew/src/crew_runtime/files/customer_files.py). */
export const READABLE = new Map([
  [".csv", "text/csv"],
  [".md", "text/markdown"],
  [".pdf", "application/pdf"],
  [".txt", "text/plain"],
]);
const isReadable = (type: string) =>
  READABLE.has(type) || [...READABLE.values()].includes(type) || type === "text/*";

function checkFileTypes(
  { validations = [] }: Extract<DeclaredField, { type: "file" }>,
  path: Path,
  complain: Complain,
): void {
  for (const [index, { validation, value }] of validations.entries()) {
    if (validation !== "accept") continue;
    const types = value.split(",").map((type) => type.trim().toLowerCase());
    for (const type of types.filter((type) => !isReadable(type))) {
      complain(
        [...path, "validations", index, "value"],
        `the crew gets a file's text, which cannot be extracted from ${type}`,
        `accept only ${[...READABLE.keys()].join(", ")}, or write the crew in Python (build:)`,
      );
    }
  }
}
