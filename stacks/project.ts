import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { UserError } from "./user-error.ts";

/** Name of the stack that runs on this machine alone. Every other stack belongs to the real Pulumi CLI. */
export const LOCAL_STACK = "local";

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
  readonly agents: string;
  readonly masumi: string;
  readonly stateRoot: string;
  readonly passphraseFile: string;
  readonly sandbox: string;
}

/** Return the project of a folder. @throws UserError when the folder holds no Pulumi.yaml */
export function openProject(folder: string): Project {
  const root = resolve(folder);
  if (!existsSync(join(root, "Pulumi.yaml"))) {
    throw new UserError(
      `There is no Pulumi.yaml in ${root}. Run this in the project's folder, or name it with --cwd.`,
    );
  }
  const masumi = join(root, ".masumi");
  return {
    root,
    agents: join(root, "agents"),
    masumi,
    stateRoot: join(masumi, "state"),
    passphraseFile: join(masumi, "passphrase"),
    sandbox: join(masumi, "sandbox"),
  };
}

/** Return the name in Pulumi.yaml, which is the namespace of the project's own configuration. */
export function projectName(project: Project): string {
  const { name } = parse(readFileSync(join(project.root, "Pulumi.yaml"), "utf8")) as { name: string };
  return name;
}

export const stackFile = (project: Project, stack: string): string =>
  join(project.root, `Pulumi.${stack}.yaml`);

type Setting = string | number | boolean | object | null;

/** Return whether a setting is a secret's, as readConfig returns it. */
export const isEncrypted = (value: string): boolean => value.startsWith('{"secure":');

/** Return the stack's settings as Pulumi would hand them over (objects as JSON text); a secret's value stays encrypted. */
export function readConfig(project: Project, stack: string): Record<string, string> {
  const file = stackFile(project, stack);
  if (!existsSync(file)) return {};
  const { config = {} } = (parse(readFileSync(file, "utf8")) ?? {}) as { config?: Record<string, Setting> };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === "object" ? JSON.stringify(value) : String(value),
    ]),
  );
}
