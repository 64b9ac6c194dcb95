import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { initStack, setConfig } from "../../local/engine/index.ts";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { localRun } from "../../stacks/local/local-stack.ts";
import { openProject } from "../../stacks/project.ts";
import { type OutsideAgents, outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject, changes, repository } from "../helpers/project.ts";
import { SandboxControl } from "../helpers/sandbox-control.ts";

const LIVE = /^(Registration|Update)(Requested|Initiated|Confirmed)$/;

interface WorldFile {
  keys: Record<string, unknown>[];
  paymentSources: {
    paymentSourceType: string;
    wallets: { type: string; vkey: string; address: string; lovelace?: number }[];
  }[];
}

/** The sandbox's default world, as its file has it. */
const defaultWorld = () =>
  JSON.parse(readFileSync(join(repository, "local/sandbox/world.default.json"), "utf8")) as WorldFile;

function emptyWallet(type: "Web3CardanoV1" | "Web3CardanoV2") {
  const wallet = defaultWorld()
    .paymentSources.filter(({ paymentSourceType }) => paymentSourceType === type)
    .flatMap(({ wallets }) => wallets)
    .find(({ type, lovelace }) => type === "Selling" && !lovelace);
  if (!wallet) throw new Error(`the default world has no empty ${type} wallet`);
  return wallet;
}

let outside: OutsideAgents;
let sandbox: RunningSandbox;
let control: SandboxControl;
let project: TestProject;

async function begin(options: Parameters<typeof startSandbox>[0]): Promise<void> {
  sandbox = await startSandbox(options);
  control = new SandboxControl(sandbox.url);
  project = new TestProject();
  project.useSandbox(sandbox.url);
}

async function configure(
  settings: Record<string, string>,
  secrets: Record<string, string> = {},
): Promise<void> {
  const run = localRun(openProject(project.root), "local");
  await initStack(run);
  for (const [key, value] of Object.entries(settings))
    await setConfig(run, `masumi:${key}`, value, { secret: false });
  for (const [key, value] of Object.entries(secrets))
    await setConfig(run, `masumi:${key}`, value, { secret: true });
}

beforeAll(async () => void (outside = await startOutsideAgents()));
afterAll(() => outside.close());
afterEach(async () => {
  await project.dispose();
  await sandbox.close();
});

// Every other reason: test/infra/fleet (before anything is planned) and test/providers (afterwards).
describe("a run that cannot succeed says why, spends nothing, and ends with exit code 1", () => {
  it.each<[what: string, setup: () => Promise<void>, said: RegExp, remedy: RegExp]>([
    [
      "a wrong key",
      async () => void (project.env["MASUMI_API_KEY"] = "a-key-that-nobody-knows"),
      /KEY_REFUSED: .*key/,
      /MASUMI_API_KEY|masumi:apiKey/,
    ],
    [
      "a plan that is not the approved one",
      async () => void (project.env["MASUMI_PLAN"] = "0123456789abcdef"),
      /PLAN_CHANGED: .*0123456789abcdef/,
      /masumi-agents plan/,
    ],
    [
      "a provisioning key in plain text",
      () => configure({ apiKey: "a-key-that-git-has-seen" }),
      /masumi:apiKey is in plain text/,
      /config set -s local --secret/,
    ],
    [
      "an agent at a private address, where the stack is not told that this will do",
      () => configure({ allowPrivateUrls: "false" }),
      /is an address that only this machine or its network can reach/,
      /public URL/,
    ],
  ])(
    "%s",
    async (_what, setup, said, remedy) => {
      await begin({ chainSpeed: "instant" });
      project.write("agents/researcher.yaml", outsideAgent("Researcher", outside.url));
      await setup();
      const { exitCode, stdout, stderr } = await project.run("up");
      const output = stdout + stderr;
      expect(exitCode).toBe(1);
      expect(output).toMatch(said);
      expect(output).toMatch(remedy);
      expect(output, "no stack traces for a user's mistake").not.toMatch(/^\s+at .*\.ts:\d+/m);
      expect(await control.rows()).toEqual([]);
    },
    60_000,
  );
});

describe("a registration that fails on the chain", () => {
  it("ends the run with the remedy, and the next up registers anew once the wallet is funded", async () => {
    await begin({ chainSpeed: 200 });
    const wallet = emptyWallet("Web3CardanoV1");
    await configure({ wallets: JSON.stringify([{ vkey: wallet.vkey, type: "V1" }]) });
    project.write("agents/researcher.yaml", outsideAgent("Researcher", outside.url, { payment: "V1" }));
    const failed = await project.run("up");
    expect(failed.exitCode).toBe(1);
    expect(failed.stdout).toMatch(/REGISTRATION_FAILED: .*[Ff]und the wallet/);

    await control.fund(wallet.vkey, 100_000_000);
    const report = await project.report("up");
    expect(report.outputs.agents?.agents["researcher"]?.state).toBe("RegistrationConfirmed");
    expect((await control.rows()).map(({ state }) => state).toSorted()).toEqual([
      "RegistrationConfirmed",
      "RegistrationFailed",
    ]);
    expect(changes(await project.report("up"))).toEqual([]);
  }, 60_000);
});

describe("a stack that has run before", () => {
  it("is not touched by an up or a preview of bad YAML, which tells the complaints and nothing of a run", async () => {
    await begin({ chainSpeed: "instant" });
    const good = outsideAgent("Researcher", outside.url);
    project.write("agents/researcher.yaml", good);
    expect(changes(await project.report("up"))).toHaveLength(4);
    project.write("agents/researcher.yaml", good.replace("tags:", "tagz:"));
    project.write("agents/other.yaml", "name: [");
    const before = project.read(".masumi/state/.pulumi/stacks/masumi-agents/local.json");
    for (const operation of ["up", "preview"]) {
      const { exitCode, stdout, stderr } = await project.run(operation);
      expect([exitCode, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(
        /^agents\/other\.yaml:1:\d+: .*^agents\/researcher\.yaml:\d+:1: .*complaints in 2 files\.\n$/ms,
      );
      const { stdout: document } = await project.run(operation, "--json");
      expect(JSON.parse(document)).toMatchObject({
        ok: false,
        complaints: [{ file: "agents/other.yaml" }, {}, {}],
      });
    }
    expect(project.read(".masumi/state/.pulumi/stacks/masumi-agents/local.json")).toBe(before);
    project.write("agents/researcher.yaml", good);
    project.remove("agents/other.yaml");
    expect(changes(await project.report("up"))).toEqual([]);
  });
});

describe("a failure among more agents than the engine is told of at once", () => {
  it("ends the run, and the next one registers those that are missing", async () => {
    await begin({ chainSpeed: "instant" });
    await configure({ probeSeconds: "1" });
    const declare = (index: number, url: string): void => {
      const name = `Agent ${String(index).padStart(2, "0")}`;
      project.write(`agents/${name.toLowerCase().replace(" ", "-")}.yaml`, outsideAgent(name, url));
    };
    for (let index = 0; index < 60; index++) declare(index, outside.url);
    declare(5, "http://127.0.0.1:9");
    const failed = await project.run("up");
    expect(failed.exitCode).toBe(1);
    expect(failed.stdout).toMatch(/AGENT_NOT_ANSWERING: .*agent-05/);
    expect(failed.stdout + failed.stderr).not.toMatch(/unsettled|PROGRAM_FAILED/);
    declare(5, outside.url);
    const { outputs } = await project.report("up");
    expect(Object.keys(outputs.agents?.agents ?? {})).toHaveLength(60);
    expect((await control.rows()).filter(({ state }) => LIVE.test(state))).toHaveLength(60);
    expect(changes(await project.report("up"))).toEqual([]);
  }, 120_000);
});

describe("kill -9 of a run never costs a second registration", () => {
  it.each([
    [
      "between the POST and its answer",
      { chainSpeed: 200 },
      [{ kind: "late-answer", route: "POST /registry", ms: 4_000, count: 3 }],
    ],
    ["while it waits for the chain", { chainSpeed: 20 }, []],
  ] as const)(
    "%s",
    async (_when, options, faults) => {
      await begin(options);
      await control.setFaults(faults);
      for (const name of ["Researcher", "Reviewer", "Writer"]) {
        project.write(`agents/${name.toLowerCase()}.yaml`, outsideAgent(name, outside.url));
      }
      const { child, done } = project.start("up");
      await expect.poll(async () => (await control.rows()).length, { timeout: 30_000, interval: 50 }).toBe(3);
      child.kill("SIGKILL");
      await done;

      const report = await project.report("up");
      expect(Object.values(report.outputs.agents?.agents ?? {}).map(({ state }) => state)).toEqual(
        Array(3).fill("RegistrationConfirmed"),
      );
      expect((await control.rows()).filter(({ state }) => LIVE.test(state))).toHaveLength(3);
      expect(await control.posts("/registry")).toBe(3);
      expect(changes(await project.report("up"))).toEqual([]);
    },
    120_000,
  );
});

describe("secrets", () => {
  const API_KEY = "sentinel-provisioning-key-4711";
  const MODEL_KEY = "sentinel-model-key-0815";

  function* filesIn(folder: string): Generator<string> {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) yield* filesIn(path);
      else if (entry.isFile()) yield path;
    }
  }

  it("are nowhere in state, configuration, logs or output, in success and failure", async () => {
    const world = defaultWorld();
    world.keys.push({ token: API_KEY, permission: "ReadAndPay" });
    await begin({ chainSpeed: "instant", world });
    await configure({}, { apiKey: API_KEY, modelKey: MODEL_KEY });
    project.write("agents/writer.yaml", outsideAgent("Writer", outside.url));

    const outputs = [await project.run("up"), await project.run("status", "--json")];
    await control.setFaults([{ kind: "error-before-write", route: "*", count: 40 }]);
    project.write("agents/writer.yaml", outsideAgent("Writer", outside.url, { price: "4 ADA" }));
    outputs.push(await project.run("up"));
    await control.setFaults([]);
    outputs.push(await project.run("refresh"), await project.run("destroy"));

    expect(outputs.map(({ exitCode }) => exitCode)).toEqual([0, 0, 1, 0, 0]);
    const texts = outputs.flatMap(({ stdout, stderr }, index) => [
      { where: `stdout of run ${index}`, text: stdout },
      { where: `stderr of run ${index}`, text: stderr },
    ]);
    for (const file of filesIn(project.root)) {
      if (statSync(file).size < 50_000_000) texts.push({ where: file, text: readFileSync(file, "latin1") });
    }
    const leaks = texts.filter(({ text }) => text.includes(API_KEY) || text.includes(MODEL_KEY));
    expect(leaks.map(({ where }) => where)).toEqual([]);
  }, 120_000);
});
