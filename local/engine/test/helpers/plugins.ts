import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type EngineEvent, initStack, type RunOptions } from "../../index.ts";
import { COMPILE_CACHE, copyProgram, type StateFile } from "./project.ts";

const PLUGIN = fileURLToPath(new URL("../fixtures/plugins/plugin.ts", import.meta.url));

/** Puts the plugins of the tests into a folder, to be part of a PATH: each a shell script that starts the same program. */
export async function installTestPlugins(folder: string, prefix = "exec"): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const name of ["box", "tin"]) {
    const file = join(folder, `pulumi-resource-${name}`);
    const command = [process.execPath, "--disable-warning=ExperimentalWarning", PLUGIN, name];
    await writeFile(file, `#!/bin/sh\n${prefix} ${command.map((word) => `'${word}'`).join(" ")} "$@"\n`);
    await chmod(file, 0o755);
  }
  return folder;
}

/** One resource of the plugin program; see `Entry` there. */
interface Entry {
  readonly name: string;
  readonly type: string;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly options?: Readonly<Record<string, unknown>>;
}

export const box = (name: string, args: Entry["args"] = {}, options: Entry["options"] = {}): Entry => ({
  name,
  type: "box:index:Item",
  args,
  options: { version: "1.2.3", ...options },
});

export const tin = (name: string, args: Entry["args"] = {}, options: Entry["options"] = {}): Entry => ({
  name,
  type: "tin:index:Item",
  args,
  options,
});

/** The stack's configuration file, the same for all projects of a test file: the key of its salt is then derived once. */
let salted: string | undefined;

/** A project of the plugin program, with the test plugins on its PATH. */
export class PluginProject {
  readonly folder: string;
  readonly events: EngineEvent[] = [];
  readonly #path: string;

  private constructor(folder: string, path: string) {
    this.folder = folder;
    this.#path = path;
  }

  static async create(prefix?: string): Promise<PluginProject> {
    const folder = await copyProgram("plugins/program");
    const path = await installTestPlugins(join(folder, "plugins"), prefix);
    const project = new PluginProject(folder, path);
    if (salted !== undefined) await writeFile(project.configFile, salted);
    await initStack(project.options());
    salted ??= await readFile(project.configFile, "utf8");
    await writeFile(project.callsFile, "");
    return project;
  }

  get configFile(): string {
    return join(this.folder, "Pulumi.dev.yaml");
  }

  get callsFile(): string {
    return join(this.folder, "calls.log");
  }

  /** What the program is to register, and more configuration as lines of YAML. */
  async plan(resources: readonly Entry[], config: readonly string[] = []): Promise<void> {
    const lines = [`boxes:plan: ${JSON.stringify({ resources })}`, ...config].map((line) => `  ${line}\n`);
    await writeFile(this.configFile, `${(salted ?? "").trimEnd()}\nconfig:\n${lines.join("")}`);
  }

  options(more: Partial<RunOptions> = {}): RunOptions {
    const { env, ...others } = more;
    return {
      projectDir: this.folder,
      stack: "dev",
      stateRoot: join(this.folder, "state"),
      passphrase: "x",
      parallel: 8,
      onEvent: (event) => this.events.push(event),
      env: {
        CALLS: this.callsFile,
        NODE_COMPILE_CACHE: COMPILE_CACHE,
        PATH: `${this.#path}${delimiter}${process.env["PATH"] ?? ""}`,
        ...env,
      },
      ...others,
    };
  }

  /** The calls to the plugins so far, each as one line. */
  async calls(): Promise<string[]> {
    return (await readFile(this.callsFile, "utf8")).split("\n").filter((line) => line !== "");
  }

  /** Lets a call go on that hangs. */
  release(): Promise<void> {
    return writeFile(`${this.callsFile}.release`, "");
  }

  /** Names of the items in the state, and of those with an operation that was interrupted. */
  async state(): Promise<{ items: string[]; pending: string[] }> {
    const text = await readFile(join(this.folder, "state/.pulumi/stacks/boxes/dev.json"), "utf8");
    const { resources = [], pending_operations: pending = [] } = (JSON.parse(text) as StateFile).checkpoint
      .latest;
    const nameOf = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);
    return {
      items: resources.filter(({ type }) => type.endsWith(":Item")).map(({ urn }) => nameOf(urn)),
      pending: pending.map(({ type, resource }) => `${type} ${nameOf(resource.urn)}`),
    };
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
