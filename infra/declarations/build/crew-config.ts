import { posix } from "node:path";
import { isMap } from "yaml";
import type { Complaint } from "../load/complaint.ts";
import { type Located, complainTo, keyOf, toPlain } from "../load/located.ts";
import { type Purpose, parseMap } from "../load/parse.ts";
import { didYouMean, nearest } from "../schema/suggest.ts";
import type { OwnFiles, ReportIn } from "./own-files.ts";
import type { PythonClass, PythonSource } from "./python-source.ts";

/** What CrewAI reads of a class under @CrewBase: its agents' and its tasks' texts. */
export interface CrewConfig {
  readonly source: PythonSource;
  readonly texts: readonly ConfigText[];
}

/** A text in which CrewAI fills in inputs. */
export interface ConfigText {
  readonly located: Located;
  readonly path: readonly (string | number)[];
  readonly text: string;
}

type What = "agents" | "tasks";

const KEYS = { agents: ["role", "goal", "backstory"], tasks: ["description", "expected_output"] } as const;

const PURPOSES: Readonly<Record<What, Purpose>> = {
  agents: {
    ifEmpty: "it holds the texts of the crew's agents",
    ifSeveral: "keep the agents in one document",
    ifNoMap: ["is not a map of agents", "write each agent's name, and below it role, goal and backstory"],
  },
  tasks: {
    ifEmpty: "it holds the texts of the crew's tasks",
    ifSeveral: "keep the tasks in one document",
    ifNoMap: [
      "is not a map of tasks",
      "write each task's name, and below it description and expected_output",
    ],
  },
};

/** Reads the YAML files of a class under @CrewBase, and complains of what CrewAI could not make a crew of. */
export function readConfig(
  files: OwnFiles,
  source: PythonSource,
  found: PythonClass,
  complaints: Complaint[],
): CrewConfig {
  const report = files.reportTo(complaints);
  const agents = readFile(files, source, found, "agents", complaints);
  const tasks = readFile(files, source, found, "tasks", complaints);
  if (tasks) checkTasks(tasks, files.shown(source.path), source, found, complaints);
  for (const what of ["agents", "tasks"] as const) {
    const located = what === "agents" ? agents : tasks;
    if (located) checkNames(what, located, source, found, report);
  }
  const used = (located: Located | undefined, what: What) =>
    located
      ? textsOf(located, KEYS[what]).filter(({ path: [name = ""] }) => isUsed(String(name), source, found))
      : [];
  return { source, texts: [...used(agents, "agents"), ...used(tasks, "tasks")] };
}

const textIn = ({ text }: PythonSource, { body }: PythonClass) => text.slice(body.start, body.end);
const codeIn = ({ code }: PythonSource, { body }: PythonClass) => code.slice(body.start, body.end);

/** Returns a file as a map; undefined if it is missing, or cannot be read, which is complained of. */
function readFile(
  files: OwnFiles,
  source: PythonSource,
  found: PythonClass,
  what: What,
  complaints: Complaint[],
): Located | undefined {
  const path = configPath(source, found, what);
  if (path === undefined) return undefined;
  if (!files.has(path)) {
    const use = codeIn(source, found).search(new RegExp(String.raw`\bself\.${what}_config\b`));
    if (use < 0) return undefined;
    const isOutside = path.startsWith("../");
    files.reportTo(complaints)(
      source.path,
      found.body.start + use,
      isOutside
        ? `the crew's ${what} are outside "${files.folder}", and only that folder is deployed`
        : `${files.shown(path)} does not exist`,
      isOutside
        ? `put the file into the folder, and its path at ${what}_config`
        : `add it with the texts of the crew's ${what}`,
    );
    return undefined;
  }
  const { located, complaints: wrong } = parseMap(
    { file: files.shown(path), text: files.text(path) },
    PURPOSES[what],
  );
  // Of two keys that are alike, CrewAI takes the second.
  complaints.push(...wrong.filter(({ message }) => !message.endsWith("is a key that this map already has")));
  return located;
}

/** Returns where CrewAI looks for a file; undefined if the class computes it. */
function configPath(source: PythonSource, found: PythonClass, what: What): string | undefined {
  const beside = (path: string) => posix.join(posix.dirname(source.path), path);
  const assigned = new RegExp(String.raw`^[ \t]+${what}_config\b[^=\n]*=(.*)$`, "m").exec(
    textIn(source, found),
  );
  if (!assigned) return beside(`config/${what}.yaml`);
  const [, path] = /^\s*["']([^"'{}]+)["']\s*(?:#.*)?$/.exec(assigned[1] ?? "") ?? [];
  return path === undefined ? undefined : beside(path);
}

/** Returns whether the class makes something of an entry; others have no effect. */
const isUsed = (name: string, source: PythonSource, found: PythonClass): boolean =>
  textIn(source, found).split(/\W+/).includes(name);

const textsOf = (located: Located, keys: readonly string[]): ConfigText[] =>
  located.root.items.flatMap((pair) => keys.flatMap((key) => textAt(located, [keyOf(pair), key])));

/** Returns the text at a path; nothing if something else is there. */
export function textAt(located: Located, path: readonly (string | number)[]): ConfigText[] {
  const text = located.root.getIn(path);
  return typeof text === "string" ? [{ located, path, text }] : [];
}

/** Complains of `self.agents_config["x"]` where the file has no x. */
function checkNames(
  what: What,
  { file, root }: Located,
  source: PythonSource,
  found: PythonClass,
  report: ReportIn,
): void {
  const names = root.items.map(keyOf);
  const use = new RegExp(String.raw`\bself\.${what}_config\[\s*(["'])([^"'\n]+)\1\s*\]`, "g");
  for (const { index, 0: whole, 2: name = "" } of textIn(source, found).matchAll(use)) {
    if (names.includes(name)) continue;
    const offset = found.body.start + index + whole.indexOf(name) - 1;
    report(source.path, offset, `${file} has no "${name}"`, didYouMean(name, names));
  }
}

/** Complains of agents and earlier tasks that are no methods of the class, which is how CrewAI finds them. */
function checkTasks(
  tasks: Located,
  shown: string,
  source: PythonSource,
  found: PythonClass,
  complaints: Complaint[],
): void {
  // What a class inherits from has methods too.
  if (found.bases.length > 0) return;
  const complain = complainTo(complaints, tasks);
  const methods = [...codeIn(source, found).matchAll(/^[ \t]+(?:async[ \t]+)?def[ \t]+(\w+)/gm)].map(
    ([, name = ""]) => name,
  );
  const check = (path: readonly (string | number)[], name: unknown, kind: "agent" | "task") => {
    if (typeof name !== "string" || methods.includes(name)) return;
    const near = nearest(name, methods);
    complain(
      path,
      `"${name}" is not ${kind === "agent" ? "an agent" : "a task"} of ${found.name}`,
      near ? `did you mean "${near}"?` : `add a method ${name} under @${kind} to ${shown}`,
    );
  };
  for (const pair of tasks.root.items) {
    if (!isMap(pair.value)) continue;
    const { agent, context } = toPlain(pair.value) as Record<string, unknown>;
    check([keyOf(pair), "agent"], agent, "agent");
    for (const [index, name] of (Array.isArray(context) ? context : []).entries()) {
      check([keyOf(pair), "context", index], name, "task");
    }
  }
}
