import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { initStack, setConfig, type EngineEvent, type RunOptions } from "../../index.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/", import.meta.url));
const PASSPHRASE = "x";

/** Shared by all runs of the tests, which load the same SDK over and over. */
export const COMPILE_CACHE = join(tmpdir(), `engine-tests-compile-cache-${userInfo().uid}`);

/** A copy of a fixture program in a folder of its own, with the SDK of this package. */
export async function copyProgram(name: string): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "engine-")));
  await cp(join(FIXTURES, name), folder, { recursive: true });
  const sdk = createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json");
  await symlink(dirname(dirname(dirname(sdk))), join(folder, "node_modules"));
  return folder;
}

/** One resource that the program of `program-esm` makes; see `ThingArgs` there for what else it may hold. */
export interface Wanted {
  readonly name: string;
  readonly dependsOn?: readonly string[];
  readonly group?: boolean;
  /** Give it the secret of the configuration. */
  readonly token?: boolean;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly [property: string]: unknown;
}

export const SECRET = "the-secret-of-the-tests";

/** The stack's configuration file, the same for all projects of a test file: the key of its salt is then derived once. */
let configuration: string | undefined;

/** A project of the `program-esm` fixture with a stack that has a secret in its configuration. */
export class TestProject {
  readonly folder: string;
  readonly events: EngineEvent[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<TestProject> {
    const project = new TestProject(await copyProgram("program-esm"));
    const configFile = join(project.folder, "Pulumi.dev.yaml");
    await mkdir(join(project.folder, "state"));
    if (configuration !== undefined) await writeFile(configFile, configuration);
    await initStack(project.options());
    if (configuration === undefined) await setConfig(project.options(), "token", SECRET, { secret: true });
    configuration ??= await readFile(configFile, "utf8");
    await writeFile(project.callsFile, "");
    return project;
  }

  get callsFile(): string {
    return join(this.folder, "calls.jsonl");
  }

  get stateFile(): string {
    return join(this.folder, "state/.pulumi/stacks/esm-program/dev.json");
  }

  get lockFolder(): string {
    return join(this.folder, "state/.pulumi/locks/organization/esm-program/dev");
  }

  options(more: Partial<RunOptions> = {}): RunOptions {
    const { env, ...others } = more;
    return {
      projectDir: this.folder,
      stack: "dev",
      stateRoot: join(this.folder, "state"),
      passphrase: PASSPHRASE,
      parallel: 16,
      trustsProvider: () => true,
      onEvent: (event) => this.events.push(event),
      env: {
        WANTED: join(this.folder, "wanted.json"),
        CALLS: this.callsFile,
        NODE_COMPILE_CACHE: COMPILE_CACHE,
        ...env,
      },
      ...others,
    };
  }

  async want(...resources: readonly Wanted[]): Promise<void> {
    await writeFile(join(this.folder, "wanted.json"), JSON.stringify({ resources }));
  }

  /** What the provider was asked to do since the last call of this method: `create a`, `create done a`, … */
  async calls(): Promise<string[]> {
    const text = await readFile(this.callsFile, "utf8");
    await writeFile(this.callsFile, "");
    const lines = text.split("\n").filter((line) => line !== "");
    return lines.map((line) => {
      const { operation, name } = JSON.parse(line) as { operation: string; name: string };
      return `${operation} ${name}`;
    });
  }

  async state(): Promise<StateFile> {
    return JSON.parse(await readFile(this.stateFile, "utf8")) as StateFile;
  }

  /** Names of the test resources in the state, in its order. */
  async names(): Promise<string[]> {
    const { resources = [] } = (await this.state()).checkpoint.latest;
    return resources
      .filter(({ type }) => type.endsWith(":Thing"))
      .map(({ urn }) => urn.slice(urn.lastIndexOf("::") + 2));
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

export interface StateFile {
  readonly checkpoint: {
    readonly latest: {
      readonly resources?: readonly ResourceRecord[];
      readonly pending_operations?: readonly { readonly resource: ResourceRecord; readonly type: string }[];
    };
  };
}

export interface ResourceRecord {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly delete?: boolean;
  readonly [field: string]: unknown;
}
