import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import {
  type EngineEvent,
  type RunOptions,
  type RunResult,
  initStack,
  preview,
  refresh,
  up,
  destroy,
} from "../../../local/engine/index.ts";

const REPOSITORY = join(import.meta.dirname, "../../..");

/** The folder of the plugins of the tests, to be put first in a PATH. */
export const PLUGINS = join(REPOSITORY, "test/plugins");

const HEAD = `import * as pulumi from "@pulumi/pulumi";\n`;

const CONFIGURATION = "Pulumi.dev.yaml";

/** The stack's configuration, the same for all projects of a test file: the key of its salt is then derived once. */
let salted: string | undefined;

/** A project whose program is a few lines, run by the embedded engine with the plugins of the tests. */
export class PluginProject {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "masumi-plugin-test-")));
  readonly events: EngineEvent[] = [];
  readonly #plugins: string;

  private constructor(plugins: string) {
    this.#plugins = plugins;
  }

  /** @param plugins the folder that they are found in */
  static async create(plugins = PLUGINS): Promise<PluginProject> {
    const project = new PluginProject(plugins);
    const settings = { name: "nodejs", options: { typescript: false } };
    project.write("Pulumi.yaml", JSON.stringify({ name: "plugged", runtime: settings }));
    const packages = { "@pulumi/pulumi": "*" };
    project.write(
      "package.json",
      JSON.stringify({ name: "plugged", type: "module", main: "index.ts", dependencies: packages }),
    );
    symlinkSync(join(REPOSITORY, "node_modules"), join(project.root, "node_modules"));
    if (salted !== undefined) project.write(CONFIGURATION, salted);
    await initStack(project.options());
    salted ??= readFileSync(join(project.root, CONFIGURATION), "utf8");
    return project;
  }

  write(file: string, text: string): void {
    mkdirSync(join(this.root, file, ".."), { recursive: true });
    writeFileSync(join(this.root, file), text);
  }

  /** Replaces the program; \`pulumi\` is imported for it. */
  program(text: string): void {
    this.write("index.ts", `${HEAD}${text}`);
  }

  options(): RunOptions {
    return {
      projectDir: this.root,
      stack: "dev",
      stateRoot: this.root,
      passphrase: "x",
      onEvent: (event) => this.events.push(event),
      env: { PATH: `${this.#plugins}${delimiter}${process.env["PATH"] ?? ""}` },
    };
  }

  async up(program?: string): Promise<RunResult> {
    if (program !== undefined) this.program(program);
    return expectOk(await up(this.options()));
  }

  /** Of a program that is to fail: what it says. */
  async failure(program: string): Promise<string> {
    this.program(program);
    const result = await up(this.options());
    if (result.ok) throw new Error("the run did not fail");
    return complaints(result);
  }

  async preview(program: string): Promise<RunResult> {
    this.program(program);
    return expectOk(await preview(this.options()));
  }

  async refresh(): Promise<RunResult> {
    return expectOk(await refresh(this.options()));
  }

  async destroy(): Promise<RunResult> {
    return expectOk(await destroy(this.options()));
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

const complaints = ({ diagnostics }: RunResult): string =>
  diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ message }) => message)
    .join("\n");

function expectOk(result: RunResult): RunResult {
  if (!result.ok) throw new Error(complaints(result));
  return result;
}

/** What a run did, as `op name`, sorted; without what stayed as it was. */
export const steps = ({ steps }: RunResult): string[] =>
  steps
    .filter(({ op, custom }) => custom && !["same", "refresh", "read"].includes(op))
    .filter(({ type }) => !type.startsWith("pulumi:"))
    .map(({ op, name }) => `${op} ${name}`)
    .toSorted();
