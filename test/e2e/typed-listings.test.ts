import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import defaultWorld from "../../local/sandbox/world.default.json" with { type: "json" };
import { type OutsideAgents, outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject, changes, twice } from "../helpers/project.ts";
import { SandboxControl } from "../helpers/sandbox-control.ts";
import { WITH_A2A } from "../providers/masumi/strange-rows.ts";

/* The life of agents that the registry lists as what they publish. Every step is taken twice. */

let outside: OutsideAgents;
let sandbox: RunningSandbox;
let control: SandboxControl;
let project: TestProject;

const NAMES = { Alpha: "openapi", Beta: "x402", Gamma: "a2a", Delta: undefined } as const;

const declare = (price: string, listings: Readonly<Record<string, string | undefined>> = NAMES) => {
  for (const [name, listing] of Object.entries(listings)) {
    const text = outsideAgent(name, outside.url, { price, ...(listing ? { listing } : {}) });
    project.write(`agents/${name.toLowerCase()}.yaml`, text);
  }
};
const rows = async () =>
  (await control.rows()).map((row) => {
    const { name, state, type } = row as typeof row & { type: string };
    return `${name} ${type} ${state}`;
  });

beforeAll(async () => {
  outside = await startOutsideAgents();
  sandbox = await startSandbox({ world: WITH_A2A, chainSpeed: "instant" });
  control = new SandboxControl(sandbox.url);
  project = new TestProject();
  project.useSandbox(sandbox.url);
});
afterAll(async () => {
  await project.dispose();
  await sandbox.close();
  await outside.close();
});

it("up registers each as what it is", async () => {
  declare("3 ADA");
  expect(await twice(project, "up")).toContain("create AgentRegistration alpha");
  expect((await rows()).toSorted()).toEqual([
    "Alpha OpenApi RegistrationConfirmed",
    "Beta X402 RegistrationConfirmed",
    "Delta Standard RegistrationConfirmed",
    "Gamma A2A RegistrationConfirmed",
  ]);
}, 120_000);

it("plan, drift and refresh have nothing to say", async () => {
  expect((await project.run("plan")).stdout).toContain("On the chain: nothing to do.");
  expect(await project.run("drift")).toMatchObject({ exitCode: 0 });
  const { same, ...other } = (await project.report("refresh")).changes;
  expect(same).toBeGreaterThan(0);
  expect(Object.values(other).filter((count) => count > 0)).toEqual([]);
}, 120_000);

it("status shows the types, and where the documents are", async () => {
  const { stdout } = await project.run("status");
  expect(stdout).toMatch(/^agent +state +listing +price +URL/m);
  const shown = ["alpha", "beta", "gamma", "delta"].map(
    (id) => new RegExp(`^${id} +available +(\\S+) `, "m").exec(stdout)?.[1],
  );
  expect(shown).toEqual(["openapi", "x402", "a2a", "standard"]);
  const { stdout: full } = await project.run("status", "gamma");
  expect(full).toMatch(/^ {2}listing +a2a 1\.0$/m);
  expect(full).toMatch(/^ {2}document +http:\S+\/\.well-known\/agent-card\.json$/m);
  expect((await project.run("status", "delta")).stdout).not.toContain("listing");
  const { agents } = JSON.parse((await project.run("status", "--json")).stdout) as {
    agents: { id: string; url: string; listing?: object }[];
  };
  const url = agents.find(({ id }) => id === "alpha")?.url ?? "";
  expect(Object.fromEntries(agents.map(({ id, listing }) => [id, listing]))).toMatchObject({
    alpha: { type: "openapi", documentUrl: `${url}/openapi.json` },
    gamma: { type: "a2a", protocolVersions: ["1.0"] },
    delta: undefined,
  });
}, 120_000);

it("plan and preview say that a change replaces, and what that loses; up replaces what it must", async () => {
  declare("4 ADA");
  const plan = await project.run("plan");
  for (const [id, type] of [
    ["alpha", "openapi"],
    ["beta", "x402"],
    ["gamma", "a2a"],
  ]) {
    expect(plan.stdout).toContain(
      `${id} is REPLACED on the chain: registrations of the type ${type} cannot be changed in place`,
    );
  }
  expect(plan.stdout).toContain("The registry ranks it by its age, which starts anew.");
  expect(plan.stdout).toContain("1 to update, 3 to replace");
  expect((await project.run("preview")).stdout).toContain("alpha is REPLACED on the chain");
  const made = await twice(project, "up");
  expect(made).toContain("update AgentRegistration delta");
  expect((await rows()).toSorted()).toEqual([
    "Alpha OpenApi DeregistrationConfirmed",
    "Alpha OpenApi RegistrationConfirmed",
    "Beta X402 DeregistrationConfirmed",
    "Beta X402 RegistrationConfirmed",
    "Delta Standard UpdateConfirmed",
    "Gamma A2A DeregistrationConfirmed",
    "Gamma A2A RegistrationConfirmed",
  ]);
}, 120_000);

it("a change of the type replaces, both ways", async () => {
  declare("4 ADA", { Alpha: undefined, Delta: "openapi" });
  const { stdout } = await project.run("plan");
  expect(stdout).toContain("alpha is REPLACED on the chain: its type changes from openapi to standard");
  expect(stdout).toContain("delta is REPLACED on the chain: its type changes from standard to openapi");
  await twice(project, "up");
  const live = (await rows()).filter((row) => !row.endsWith("DeregistrationConfirmed"));
  expect(live.toSorted()).toEqual([
    "Alpha Standard RegistrationConfirmed",
    "Beta X402 RegistrationConfirmed",
    "Delta OpenApi RegistrationConfirmed",
    "Gamma A2A RegistrationConfirmed",
  ]);
}, 120_000);

it("more replacements than a run may burn unasked are refused by the same limit", async () => {
  declare("5 ADA", { ...NAMES, Alpha: "openapi", Delta: "openapi" });
  const refused = await project.run("up");
  expect([refused.exitCode, refused.stdout + refused.stderr]).toEqual([
    1,
    expect.stringContaining("DEREGISTRATION_LIMIT"),
  ]);
  declare("4 ADA", { ...NAMES, Alpha: undefined, Delta: "openapi" });
}, 60_000);

it("import writes what is registered, and up takes it over", async () => {
  for (const name of ["beta", "gamma", "delta"]) project.remove(`agents/${name}.yaml`);
  const imported = await project.run("import", "Beta", "Gamma", "Delta");
  expect([imported.exitCode, imported.stdout]).toEqual([0, expect.stringContaining("agents/gamma.yaml")]);
  expect(project.read("agents/gamma.yaml")).toMatch(/^listing: a2a$/m);
  expect(project.read("agents/beta.yaml")).toMatch(/^listing: x402$/m);
  expect(changes(await project.report("up"))).toEqual([]);
  expect(await project.run("drift")).toMatchObject({ exitCode: 0 });
}, 120_000);

it("destroy burns them and ends", async () => {
  await twice(project, "destroy");
  expect((await rows()).every((row) => row.endsWith("DeregistrationConfirmed"))).toBe(true);
}, 120_000);

it("a service that knows no types is named by plan, doctor and up, and nothing is sent", async () => {
  await sandbox.close();
  sandbox = await startSandbox({ world: defaultWorld, chainSpeed: "instant" });
  control = new SandboxControl(sandbox.url);
  project.useSandbox(sandbox.url);
  declare("3 ADA", { Alpha: "openapi", Beta: undefined, Gamma: "a2a", Delta: undefined });
  for (const word of ["plan", "doctor", "up"]) {
    const { exitCode, stdout, stderr } = await project.run(word);
    expect(exitCode).toBe(word === "plan" ? exitCode : 1);
    expect(stdout + stderr).toContain("LISTING_NOT_SUPPORTED: alpha is to be listed as openapi");
    expect(stdout + stderr).toContain("LISTING_NOT_SUPPORTED: gamma is to be listed as a2a");
  }
  expect(await control.rows()).toEqual([]);
}, 120_000);
