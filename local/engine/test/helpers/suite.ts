import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { destroy, initStack, preview, refresh, up } from "../../index.ts";
import { installTestPlugins } from "./plugins.ts";
import { COMPILE_CACHE, copyProgram } from "./project.ts";

// A suite is a program, the steps that are run on one stack of it one after the other, and what the real CLI did at each of them:
// the calls to the provider (`<number>.log`), the state afterwards (`<number>.json`), the exit codes (`rc.json`).

const FIXTURES = fileURLToPath(new URL("../fixtures/", import.meta.url));
const OPERATIONS = { up, preview, refresh, destroy };

export interface SuiteStep {
  readonly name: string;
  readonly op: keyof typeof OPERATIONS;
  /** Key to value; an object is given to the program as JSON. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What the provider's `read` finds. */
  readonly drift?: unknown;
  readonly targets?: readonly string[];
  readonly targetDependents?: boolean;
}

export interface Suite {
  /** Folder of the fixtures. */
  readonly folder: string;
  /** That of the program, unless it is there too. */
  readonly program?: string;
  readonly project: string;
  readonly steps: readonly SuiteStep[];
  /** Name of the environment variable that tells the provider where to write its calls down. */
  readonly diary: string;
  /** Whether a call changes something. */
  readonly hasEffect: (call: string) => boolean;
  /** What a call is about; calls about one subject come in a certain order. */
  readonly subjectsOf: (call: string) => readonly string[];
}

export interface Outcome {
  readonly exitCode: number;
  readonly calls: readonly string[];
  readonly state: string;
}

interface RawStep extends Omit<SuiteStep, "config"> {
  readonly cfg?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly plan?: unknown;
}

const read = (path: string): Promise<string> => readFile(join(FIXTURES, path), "utf8");
const numberOf = (index: number): string => String(index).padStart(2, "0");

/** Of one dynamic provider, with all that can happen to a resource. */
export const dynamicSuite = (): Promise<Suite> => suiteOfDynamicProvider("golden");

/** The same program, in runs that are limited to targets. */
export const targetSuite = (): Promise<Suite> => suiteOfDynamicProvider("targets");

async function suiteOfDynamicProvider(folder: string): Promise<Suite> {
  const steps = (JSON.parse(await read(`${folder}/steps.json`)) as RawStep[]).map(({ cfg = {}, ...step }) => {
    const { s, ...others } = cfg;
    return { ...step, config: { "conf:s": s, ...others } };
  });
  return {
    folder,
    program: "golden",
    project: "conf",
    steps,
    diary: "LOGF",
    hasEffect: (call) => !/^(?:check|diff) /u.test(call),
    subjectsOf: (call) => [dynamicSubject(call)],
  };
}

/** a, b and c-r depend on each other in this order, so the order of their calls is no accident; all others are independent. */
function dynamicSubject(call: string): string {
  const [operation = "", subject = ""] = call.split(" ", 2);
  const name =
    operation === "configure"
      ? operation
      : operation === "check"
        ? subject
        : operation === "create"
          ? (JSON.parse(call.slice("create ".length)) as { name: string }).name
          : subject.slice(0, subject.indexOf("-"));
  return ["a", "b", "cr"].includes(name) ? "chained" : name;
}

/** Of provider plugins: explicit and default providers, invokes, aliases. */
export async function pluginSuite(): Promise<Suite> {
  const steps = (JSON.parse(await read("plugins/steps.json")) as RawStep[]).map(
    ({ plan, config = {}, ...step }) => ({
      ...step,
      config: { "boxes:plan": plan, "box:region": "eu", ...config },
    }),
  );
  const hasEffect = (call: string): boolean => /^\S+ (?:create|update|delete) /u.test(call);
  return {
    folder: "plugins",
    project: "boxes",
    steps,
    diary: "CALLS",
    hasEffect,
    subjectsOf: (call) => pluginSubjects(call, hasEffect(call)),
  };
}

/** Where a, b, c and t occur together they depend on each other. Processes, and calls of functions, are told apart by nothing. */
function pluginSubjects(call: string, effect: boolean): readonly string[] {
  const [plugin = "", operation = "", name = ""] = call.split(" ", 3);
  if (["start", "handshake", "getPluginInfo", "cancel"].includes(operation))
    return [`${plugin} ${operation}`];
  if (operation === "invoke") return [call];
  const subject = `${plugin} ${name}`;
  return effect && /^"[abct]"$/u.test(name) ? [subject, "chained"] : [subject];
}

/** What the CLI did, as recorded. */
export async function recorded(suite: Suite): Promise<Outcome[]> {
  const exitCodes = JSON.parse(await read(`${suite.folder}/runs/rc.json`)) as number[];
  return Promise.all(
    exitCodes.map(async (exitCode, index) => ({
      exitCode,
      calls: lines(await read(`${suite.folder}/runs/${numberOf(index)}.log`)),
      state: await read(`${suite.folder}/runs/${numberOf(index)}.json`),
    })),
  );
}

const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

/** A copy of a suite's program, with an empty stack or one in the state that the CLI had left before step `from`. */
export class SuiteRun {
  readonly suite: Suite;
  readonly folder: string;
  /** The environment that every step needs. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(suite: Suite, folder: string, env: Readonly<Record<string, string>>) {
    this.suite = suite;
    this.folder = folder;
    this.env = env;
  }

  static async start(suite: Suite, from: number): Promise<SuiteRun> {
    const folder = await copyProgram(`${suite.program ?? suite.folder}/program`);
    const plugins = await installTestPlugins(join(folder, "plugins"));
    const run = new SuiteRun(suite, folder, {
      PATH: `${plugins}${delimiter}${process.env["PATH"] ?? ""}`,
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
      NODE_COMPILE_CACHE: COMPILE_CACHE,
    });
    await mkdir(dirname(run.stateFile), { recursive: true });
    if (from > 0)
      await copyFile(join(FIXTURES, suite.folder, `runs/${numberOf(from - 1)}.json`), run.stateFile);
    return run;
  }

  get stateRoot(): string {
    return join(this.folder, "state");
  }

  get stateFile(): string {
    return join(this.stateRoot, ".pulumi/stacks", this.suite.project, "dev.json");
  }

  /** Runs one step: `operate` gets the environment and returns the exit code. */
  async step(
    index: number,
    operate: (step: SuiteStep, env: Readonly<Record<string, string>>) => Promise<number>,
  ): Promise<Outcome> {
    const step = this.suite.steps[index];
    if (step === undefined) throw new Error(`no step ${index}`);
    const base = await readFile(join(this.folder, "Pulumi.base.yaml"), "utf8");
    const config = Object.entries(step.config).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`);
    await writeFile(join(this.folder, "Pulumi.dev.yaml"), `${base.trimEnd()}\n${config.join("")}`);
    const log = join(this.folder, `${numberOf(index)}.log`);
    await writeFile(log, "");
    if (step.drift !== undefined) await writeFile(`${log}.drift`, JSON.stringify(step.drift));
    const exitCode = await operate(step, { ...this.env, [this.suite.diary]: log });
    return {
      exitCode,
      calls: lines(await readFile(log, "utf8")),
      state: await readFile(this.stateFile, "utf8"),
    };
  }

  /** The same on this engine. */
  engineStep(index: number): Promise<Outcome> {
    const stack = { projectDir: this.folder, stack: "dev", stateRoot: this.stateRoot, passphrase: "x" };
    return this.step(index, async ({ op, targets = [], targetDependents = false }, env) => {
      await initStack(stack);
      const limits = { targets, targetDependents };
      const { exitCode } = await OPERATIONS[op]({
        ...stack,
        ...limits,
        parallel: 1,
        env,
        trustsProvider: () => true,
      });
      return exitCode;
    });
  }
}
