import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { type OutsideAgents, outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject, changes, twice } from "../helpers/project.ts";
import { SandboxControl } from "../helpers/sandbox-control.ts";
import { NEXT_RELEASE, SKIPPED_ROWS, addStrangeRows } from "../providers/masumi/strange-rows.ts";

/*
 * The life of two agents on a node of the release after 0.28, which others use for agents of other types; and with entries on
 * it that no release has shown yet. Every step is taken twice.
 */

let outside: OutsideAgents;
let sandbox: RunningSandbox;
let control: SandboxControl;
let project: TestProject;
/** Not one of the strange rows is ever touched. */
let strangers: string[];

const NAMES = ["Alpha", "Beta"];
const declare = (price: string) => {
  project.write("agents/alpha.yaml", outsideAgent("Alpha", outside.url, { price }));
  project.write("agents/beta.yaml", outsideAgent("Beta", outside.url, { payment: "V1", price }));
};
const ours = async () =>
  (await control.rows())
    .filter(({ name }) => NAMES.includes(name))
    .map(({ name, state }) => `${name} ${state}`);
const others = async () =>
  (await control.rows())
    .filter(({ name }) => !NAMES.includes(name))
    .map((row) => JSON.stringify(row))
    .toSorted();

beforeAll(async () => {
  outside = await startOutsideAgents();
  sandbox = await startSandbox({ world: NEXT_RELEASE, chainSpeed: "instant" });
  control = new SandboxControl(sandbox.url);
  await addStrangeRows({
    insert: async (row) => {
      const body = JSON.stringify(row);
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${sandbox.url}/sandbox/rows`, { method: "POST", headers, body });
      return (await response.json()) as { id: string };
    },
  });
  strangers = await others();
  project = new TestProject();
  project.useSandbox(sandbox.url);
});
afterAll(async () => {
  await project.dispose();
  await sandbox.close();
  await outside.close();
});

async function twiceAmongOthers(...words: string[]) {
  const changed = await twice(project, ...words);
  expect(await others()).toEqual(strangers);
  return changed;
}

it("up registers", async () => {
  declare("3 ADA");
  expect(await twiceAmongOthers("up")).toContain("create AgentRegistration alpha");
  expect((await ours()).toSorted()).toEqual(["Alpha RegistrationConfirmed", "Beta RegistrationConfirmed"]);
}, 120_000);

it("drift names those that are on the stack's own wallet, until the stack says that it knows them", async () => {
  const { exitCode, stdout } = await project.run("drift");
  expect([exitCode, stdout]).toEqual([
    2,
    expect.stringContaining("on the wallets that are not this stack's"),
  ]);
  const ids = strangers.map((row) => (JSON.parse(row) as { id: string }).id);
  await project.run("config", "set", "masumi:otherRegistrations", JSON.stringify(ids));
}, 60_000);

it("plan and drift have nothing to say but how many entries were left out", async () => {
  const skipped = 2 * SKIPPED_ROWS;
  for (let times = 0; times < 2; times++) {
    const plan = await project.run("plan");
    expect(plan.stdout).toContain("On the chain: nothing to do.");
    expect(plan.stdout).toContain(`${skipped} entries of the registry were left out`);
    const drift = await project.run("drift");
    expect([drift.exitCode, drift.stdout]).toEqual([0, expect.stringContaining("No drift")]);
    expect(drift.stdout).toContain(`${skipped} entries of the registry were left out`);
  }
}, 120_000);

it("up updates V2 and replaces V1", async () => {
  declare("4 ADA");
  expect(await twiceAmongOthers("up")).toContain("update AgentRegistration alpha");
  expect((await ours()).toSorted()).toEqual([
    "Alpha UpdateConfirmed",
    "Beta DeregistrationConfirmed",
    "Beta RegistrationConfirmed",
  ]);
}, 120_000);

it("refresh finds everything as it is", async () => {
  const { same, ...other } = (await project.report("refresh")).changes;
  expect(same).toBeGreaterThan(0);
  expect(Object.values(other).filter((count) => count > 0)).toEqual([]);
}, 60_000);

it("import writes what is ours, and says why it cannot write what is not", async () => {
  project.remove("agents/alpha.yaml");
  const imported = await project.run("import", "Alpha");
  expect([imported.exitCode, imported.stdout]).toEqual([0, expect.stringContaining("agents/alpha.yaml")]);
  expect(changes(await project.report("up"))).toEqual([]);
  const refused = await project.run("import", "of a later type");
  expect(refused.exitCode).toBe(1);
  expect(refused.stdout).toMatch(
    /cannot be understood: it is of the type Acp; only what this version understands/,
  );
}, 120_000);

it("destroy burns ours and ends", async () => {
  await twiceAmongOthers("destroy");
  expect(new Set(await ours())).toEqual(
    new Set(["Alpha DeregistrationConfirmed", "Beta DeregistrationConfirmed"]),
  );
}, 120_000);
