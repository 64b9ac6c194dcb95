import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import type * as Yaml from "yaml";
import { LOCAL_STACK, isLocalStack } from "../providers/common/local-stack.js";
import { UserError } from "./user-error.ts";

export { LOCAL_STACK, isLocalStack };

/** Environment variables, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What every call takes that waits for something outside. */
export interface CallOptions {
  /** Where keys and switches are read from, and what the real Pulumi CLI is started with. */
  readonly env: Environment;
  /** Hears, after five seconds, what a call is waiting for. */
  readonly onSlow?: ((waitingFor: string) => void) | undefined;
  /** Aborting ends the wait: the call throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Where a project keeps its things; `.masumi` is the git-ignored folder of everything made at run time. */
export interface Project {
  readonly root: string;
  readonly masumi: string;
  readonly stateRoot: string;
  readonly passphraseFile: string;
  readonly sandbox: string;
}

/** Return the project that a folder is in: the nearest Pulumi.yaml counts, as with Pulumi. @throws UserError when there is none */
export function openProject(folder: string): Project {
  const root = findProjectRoot(resolve(folder));
  if (root === undefined) {
    throw new UserError(
      `There is no Pulumi.yaml in ${resolve(folder)}, nor in a folder above it. ` +
        "Run this in the project's folder, or name it with --cwd.",
    );
  }
  const masumi = join(root, ".masumi");
  keepPrivate(masumi);
  return {
    root,
    masumi,
    stateRoot: join(masumi, "state"),
    passphraseFile: join(masumi, "passphrase"),
    sandbox: join(masumi, "sandbox"),
  };
}

/** Close the folder of states, passphrase and customers' jobs to other users of this machine; it was once made as umask says. */
function keepPrivate(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  const isOurs = found !== undefined && found.uid === process.getuid?.();
  if (isOurs && (found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
}

/** Return the folder of the project that an absolute folder is in. */
export function findProjectRoot(folder: string): string | undefined {
  if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
  const above = dirname(folder);
  return above === folder ? undefined : findProjectRoot(above);
}

const load = createRequire(import.meta.url);

/** Loads the parser with the first file: every command begins here, and not every one reads a file before it has something to wait for. */
const parse = (text: string): unknown => (load("yaml") as typeof Yaml).parse(text);

/** Return the name in Pulumi.yaml, which is the namespace of the project's own configuration. */
export function projectName(project: Project): string {
  const { name } = parse(readFileSync(join(project.root, "Pulumi.yaml"), "utf8")) as { name: string };
  return name;
}

/** Return where a stack's settings are; a name may lead by organization and project: `example/agents/preprod`. */
export const stackFile = (project: Project, stack: string): string =>
  join(project.root, `Pulumi.${stack.split("/").at(-1)}.yaml`);

const STACK_FILE = /^Pulumi\.(?<stack>.+)\.ya?ml$/u;

/** Return the stacks of a project, by their files; local is always among them. */
export function stackNames(project: Project): string[] {
  const named = readdirSync(project.root).flatMap((file) => STACK_FILE.exec(file)?.groups?.["stack"] ?? []);
  return [LOCAL_STACK, ...named.filter((name) => name !== LOCAL_STACK).toSorted()];
}

/** Refuse a stack that has no file; local is made when it is needed. @throws UserError naming those that have one */
export function requireStackFile(project: Project, stack: string): void {
  if (stack === LOCAL_STACK || existsSync(stackFile(project, stack))) return;
  throw new UserError(
    `There is no stack "${stack}": ${stackFile(project, stack)} does not exist. ` +
      `There are ${stackNames(project).join(", ")}. Name one of them, or make it: npx masumi-agents stack init ${stack}`,
  );
}

/** Return how the command of a hint names its stack: the local one, as in the documentation, not at all. */
export const stackOption = (stack: string): string => (stack === LOCAL_STACK ? "" : ` --stack ${stack}`);

const selectionFile = (project: Project) => join(project.masumi, "selected-stack");

/** Return the stack that is meant where none is named: the one that was selected in this clone, else local. */
export function selectedStack(project: Project): string {
  const file = selectionFile(project);
  return (existsSync(file) && readFileSync(file, "utf8").trim()) || LOCAL_STACK;
}

/** Have commands that name no stack mean this one. */
export function selectStack(project: Project, stack: string): void {
  if (stack === LOCAL_STACK) {
    rmSync(selectionFile(project), { force: true });
    return;
  }
  mkdirSync(project.masumi, { recursive: true, mode: 0o700 });
  writeFileSync(selectionFile(project), `${stack}\n`);
}

type Setting = string | number | boolean | object | null;

/** Return whether a setting is a secret's, or a map of secrets, as readConfig returns it. */
export const isEncrypted = (value: string): boolean => /^\{("[^"]*":\{)?"secure":/.test(value);

/** Return the names in those settings that are maps of secrets, by the setting's name below masumi:. */
export function namesOfSecrets(settings: Readonly<Record<string, string>>): Record<string, string[]> {
  const maps = Object.entries(settings).filter(([, value]) => /^\{"[^"]*":\{"secure":/.test(value));
  return Object.fromEntries(
    maps.map(([key, value]) => [key.replace(/^masumi:/, ""), Object.keys(JSON.parse(value) as object)]),
  );
}

/** Return the stack's settings as Pulumi would hand them over (objects as JSON text); a secret's value stays encrypted. */
export function readConfig(project: Project, stack: string): Readonly<Record<string, string>> {
  const file = stackFile(project, stack);
  return existsSync(file) ? configIn(file, readFileSync(file, "utf8")) : {};
}

/** What was parsed last of each file: one command reads its stack's settings several times, a server with each request. */
const parsed = new Map<
  string,
  { readonly text: string; readonly config: Readonly<Record<string, string>> }
>();

function configIn(file: string, text: string): Readonly<Record<string, string>> {
  const known = parsed.get(file);
  if (known?.text === text) return known.config;
  const { config: settings = {} } = (parse(text) ?? {}) as { config?: Record<string, Setting> };
  const config = Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [
      key,
      typeof value === "object" ? JSON.stringify(value) : String(value),
    ]),
  );
  parsed.set(file, { text, config });
  return config;
}
