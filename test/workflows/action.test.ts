import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { type OutsideAgents, outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject, crewEnvironment, repository } from "../helpers/project.ts";
import { startRegistryService } from "../helpers/registry-service.ts";
import { asShown } from "../helpers/verbatim.ts";
import { type Step, type StepResult, allJobs, readOutputs, runScript } from "./workflow.ts";

interface ActionStep extends Step {
  readonly shell?: string;
  readonly "working-directory"?: string;
}

interface Action {
  readonly inputs: Readonly<
    Record<string, { readonly description: string; readonly required?: true; readonly default?: string }>
  >;
  readonly outputs: Readonly<Record<string, { readonly description: string; readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly ActionStep[] };
}

const text = readFileSync(join(repository, "action.yml"), "utf8");
const action = parse(text) as Action;
const { steps } = action.runs;

type Inputs = Readonly<Record<string, string>>;

/** A value with its expressions, which are inputs and nothing else. */
const filledIn = (value: string, inputs: Inputs): string =>
  value.replaceAll(/\$\{\{ inputs\.([\w-]+) \}\}/g, (_, name: string) => inputs[name] ?? "");

/** Whether a step is taken. */
const isTaken = ({ if: condition = "" }: ActionStep, inputs: Inputs): boolean =>
  condition
    .split(" && ")
    .filter(Boolean)
    .every((part) => {
      const [, name = "", wanted] = /^inputs\.([\w-]+) == '([^']*)'$/.exec(part) ?? [];
      if (wanted !== undefined) return inputs[name] === wanted;
      const [, input = "", start] = /^!startsWith\(inputs\.([\w-]+), '([^']*)'\)$/.exec(part) ?? [];
      if (start !== undefined) return !inputs[input]?.startsWith(start);
      throw new Error(`a condition that this runner does not know: ${part}`);
    });

interface ActionResult {
  readonly exitCode: number | null;
  readonly log: string;
  readonly commands: readonly string[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "action-"))));
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs every `run:` that a runner would, one after another until one fails, each with the environment that it names. */
async function runAction(workspace: string, given: Inputs): Promise<ActionResult> {
  const defaults = Object.entries(action.inputs).map(([name, input]) => [name, input.default ?? ""]);
  const inputs: Inputs = { ...Object.fromEntries(defaults), ...given };
  const files = { GITHUB_OUTPUT: join(folder, "output"), GITHUB_STEP_SUMMARY: join(folder, "summary") };
  for (const file of Object.values(files)) writeFileSync(file, "");
  const done: StepResult[] = [];
  for (const step of steps) {
    if (step.run === undefined || !isTaken(step, inputs)) continue;
    const own = Object.entries(step.env ?? {}).map(([name, value]) => [name, filledIn(value, inputs)]);
    const cwd = join(workspace, filledIn(step["working-directory"] ?? ".", inputs));
    const result = await runScript(step.run, cwd, { ...files, ...(Object.fromEntries(own) as Inputs) });
    done.push(result);
    if (result.exitCode !== 0) break;
  }
  return {
    exitCode: done.at(-1)?.exitCode ?? null,
    log: done.map(({ stdout, stderr }) => stdout + stderr).join(""),
    commands: done.flatMap(({ commands }) => commands),
    outputs: readOutputs(files.GITHUB_OUTPUT),
    summary: readFileSync(files.GITHUB_STEP_SUMMARY, "utf8"),
  };
}

describe("action.yml", () => {
  it("says what each input and output is, and demands what has no default", () => {
    for (const { description, required, default: standard } of Object.values(action.inputs)) {
      expect(description).toMatch(/^[A-Z].*\.$|^For .*\.$/s);
      expect(required === true).toBe(standard === undefined);
    }
    for (const { description } of Object.values(action.outputs))
      expect(description).toMatch(/^Of (plan|drift): .*\.$/);
  });

  it("gives inputs to the shell by the environment alone", () => {
    expect(steps.flatMap(({ run }) => run ?? []).filter((run) => run.includes("${{"))).toEqual([]);
  });

  it("has outputs of steps that there are", () => {
    for (const [name, { value }] of Object.entries(action.outputs)) {
      const [, step, output] = /^\$\{\{ steps\.(\w+)\.outputs\.(\w+) \}\}$/.exec(value) ?? [];
      expect(output).toBe(name);
      expect(steps.find(({ id }) => id === step)?.run).toMatch(new RegExp(`echo "${name}(=|<<)`));
    }
  });

  it("uses the actions of the workflows, at the same commits and with the same versions", () => {
    const known = allJobs().flatMap(([, job]) => job.steps);
    const used = steps.filter(({ uses }) => uses !== undefined);
    expect(used).toHaveLength(2);
    for (const { uses, with: settings } of used) {
      expect(uses).toMatch(/@[0-9a-f]{40}$/);
      const same = known.find((step) => step.uses === uses);
      expect(same?.with).toMatchObject(
        Object.fromEntries(
          Object.entries(settings ?? {}).filter(([name]) => name !== "package-manager-cache"),
        ),
      );
    }
  });

  it("is used by a workflow as actionlint wants it", async () => {
    const { venv } = await crewEnvironment();
    cpSync(join(repository, "action.yml"), join(folder, "action.yml"));
    mkdirSync(join(folder, ".github/workflows"), { recursive: true });
    mkdirSync(join(folder, ".git"));
    const lint = (inputs: Inputs) => {
      const step = { id: "plan", uses: "./", with: inputs };
      const show = { run: 'echo "$SUM"', env: { SUM: "${{ steps.plan.outputs.checksum }}" } };
      const job = { "runs-on": "ubuntu-24.04", steps: [step, show] };
      writeFileSync(
        join(folder, ".github/workflows/use.yml"),
        stringify({ on: "push", jobs: { plan: job } }),
      );
      const environment = [
        "--frozen",
        "--project",
        join(repository, "test/workflows"),
        "--python",
        join(venv, "bin/python"),
      ];
      const words = ["--system-certs", "run", "--quiet", ...environment, "actionlint", "-no-color"];
      const { status, stdout } = spawnSync(join(venv, "bin/uv"), words, { cwd: folder, encoding: "utf8" });
      return { status, stdout };
    };
    expect(lint({ command: "plan", stack: "preprod" })).toEqual({ status: 0, stdout: "" });
    expect(lint({ command: "plan", stak: "preprod" }).stdout).toMatch(
      /missing input "stack" which is required[^]*input "stak" is not defined/,
    );
  }, 120_000);

  it("installs what the lock names, and runs no script of a package", async () => {
    const install = { name: "it", version: "1.0.0", scripts: { postinstall: "touch ran" } };
    writeFileSync(join(folder, "package.json"), JSON.stringify(install));
    const lock = {
      name: "it",
      version: "1.0.0",
      lockfileVersion: 3,
      packages: { "": { name: "it", version: "1.0.0" } },
    };
    writeFileSync(join(folder, "package-lock.json"), JSON.stringify(lock));
    const step = steps.find(({ id }) => id === "install");
    expect(await runScript(step?.run ?? "", folder, {})).toMatchObject({ exitCode: 0 });
    expect(existsSync(join(folder, "ran"))).toBe(false);
  });

  it.each([
    ["command", { command: 'up"; touch owned; "', stack: "local" }],
    ["stack", { command: "plan", stack: "$(touch owned)" }],
    ["stack", { command: "plan", stack: "--markdown" }],
    [
      "timeout-minutes",
      { command: "up", stack: "local", "allow-unapproved": "true", "timeout-minutes": "1m touch owned" },
    ],
    ["checksum", { command: "up", stack: "local" }],
    ["checksum", { command: "up", stack: "local", checksum: "", "allow-unapproved": "false" }],
    ["checksum", { command: "up", stack: "local", checksum: "the plan said nothing" }],
    ["allow-unapproved", { command: "up", stack: "local", "allow-unapproved": "yes" }],
    [
      "allow-unapproved",
      { command: "up", stack: "local", checksum: "0".repeat(64), "allow-unapproved": "true" },
    ],
  ])("refuses a %s that is none, before anything is run", async (name, inputs) => {
    const { exitCode, commands } = await runAction(folder, inputs);
    expect(exitCode).toBe(1);
    expect(commands).toEqual([expect.stringMatching(`^::error::${name}: expected `)]);
    expect(existsSync(join(folder, "owned"))).toBe(false);
  });
});

describe("in a project", () => {
  let project: TestProject;
  let sandbox: RunningSandbox;
  let outside: OutsideAgents;
  beforeAll(async () => {
    [sandbox, outside] = [await startSandbox({ chainSpeed: "instant" }), await startOutsideAgents()];
    project = new TestProject();
    symlinkSync(join(repository, "cli"), project.path("cli"));
    project.useSandbox(sandbox.url);
    project.write("agents/writer.yaml", outsideAgent("::error::Writer", outside.url));
  }, 120_000);
  afterAll(async () => {
    await project.dispose();
    await sandbox.close();
    await outside.close();
  });

  const run = (inputs: Inputs) => runAction(project.root, { stack: "local", install: "false", ...inputs });

  it("plans, deploys exactly what was planned, and finds drift once something has changed", async () => {
    const planned = await run({ command: "plan" });
    expect(planned).toMatchObject({ exitCode: 0, commands: [] });
    const { checksum = "", markdown = "" } = planned.outputs;
    expect(checksum).toMatch(/^[0-9a-f]{64}$/);
    expect(asShown(markdown)).toMatch(/^\| writer \| create \|/m);
    expect(planned.summary.trim()).toBe(markdown.trim());

    const refused = await run({ command: "up", checksum: "0".repeat(64) });
    expect(refused.exitCode).not.toBe(0);
    expect(refused.log).toContain("MASUMI_PLAN");

    expect((await run({ command: "drift" })).outputs).toMatchObject({ drift: "true" });
    const done = await run({ command: "up", checksum });
    expect(done).toMatchObject({ exitCode: 0, commands: [] });
    const same = await run({ command: "drift" });
    expect(same).toMatchObject({ exitCode: 0, commands: [] });
    expect(same.outputs["drift"]).toBe("false");

    project.write("agents/writer.yaml", outsideAgent("::error::Writer", outside.url, { price: "7 USDM" }));
    const drifted = await run({ command: "drift" });
    expect(drifted).toMatchObject({ exitCode: 0, commands: [] });
    expect(drifted.outputs["drift"]).toBe("true");
    expect(asShown(drifted.outputs["report"] ?? "")).toContain("writer: CHANGED");
    expect(drifted.summary).toBe(`${drifted.outputs["report"]}\n`);
  }, 180_000);

  it("deploys what nobody approved only where it is told to", async () => {
    project.write("agents/writer.yaml", outsideAgent("::error::Writer", outside.url, { price: "8 USDM" }));
    const refused = await run({ command: "up" });
    expect(refused).toMatchObject({
      exitCode: 1,
      commands: [expect.stringContaining("::error::checksum: ")],
    });
    expect((await run({ command: "drift" })).outputs["drift"]).toBe("true");
    expect(await run({ command: "up", "allow-unapproved": "true" })).toMatchObject({ exitCode: 0 });
    expect((await run({ command: "drift" })).outputs["drift"]).toBe("false");
  }, 120_000);

  it("hands drift a key of the network's registry service", async () => {
    await using registry = await startRegistryService("ranking");
    expect((await project.run("config", "set", "masumi:registryServiceUrl", registry.url)).exitCode).toBe(0);
    const without = await run({ command: "drift" });
    expect(asShown(without.outputs["report"] ?? "")).toContain("there is no key");
    const asked = await run({ command: "drift", "registry-key": registry.key });
    expect(asShown(asked.outputs["report"] ?? "")).toContain("registry: not listed");
    expect(asked.log + asked.summary).not.toContain(registry.key);
    await project.run("config", "rm", "masumi:registryServiceUrl");
  }, 60_000);

  it("fails, and says why, where the files are wrong", async () => {
    project.write("agents/wrong.yaml", "name: Wrong\n");
    const planned = await run({ command: "plan" });
    expect(planned).toMatchObject({ exitCode: 1, commands: [], outputs: { checksum: "" } });
    expect(asShown(planned.outputs["markdown"] ?? "")).toContain("agents/wrong.yaml:");
    const drifted = await run({ command: "drift" });
    expect(drifted.exitCode).toBe(1);
    expect(drifted.outputs).not.toHaveProperty("drift");
    project.remove("agents/wrong.yaml");
  }, 60_000);
});
