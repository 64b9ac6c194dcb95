import { rmSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { DriftDocument, PlanDocument } from "../../stacks/documents.ts";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { preview, setConfig } from "../../local/engine/index.ts";
import { marker } from "../../providers/masumi/service/index.ts";
import { localRun, openLocalStack, prepareLocalStack } from "../../stacks/local/local-stack.ts";
import { openProject } from "../../stacks/project.ts";
import { type OutsideAgents, outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject, changes } from "../helpers/project.ts";
import { SandboxControl } from "../helpers/sandbox-control.ts";

const OWNER = "example-gmbh";
const LIVE = /^(Registration|Update)(Requested|Initiated|Confirmed)$/;
const LISTS = ["GET /registry", "GET /registry/diff"];
const HIDDEN = LISTS.map((route) => ({ kind: "hide-rows", route, count: 999 }));

let outside: OutsideAgents;
let sandbox: RunningSandbox;
let control: SandboxControl;
let project: TestProject;

async function begin(options: Parameters<typeof startSandbox>[0] = { chainSpeed: "instant" }): Promise<void> {
  sandbox = await startSandbox(options);
  control = new SandboxControl(sandbox.url);
  project = new TestProject();
  project.useSandbox(sandbox.url);
  const opened = openProject(project.root);
  await prepareLocalStack(opened, { sandboxUrl: sandbox.url });
  await setConfig(localRun(opened, "local"), "masumi:owner", OWNER);
  await setConfig(localRun(opened, "local"), "masumi:settleSeconds", "2");
}

const declare = (name: string, changes: { payment?: string; price?: string } = {}) =>
  project.write(`agents/${name.toLowerCase()}.yaml`, outsideAgent(name, outside.url, changes));

async function json<T>(...words: string[]): Promise<T & { exitCode: number | null }> {
  const { exitCode, stdout } = await project.run(...words, "--json");
  return { ...(JSON.parse(stdout) as T), exitCode };
}

/** What a command says that must fail. */
async function refusalOf(words: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await project.run(...words);
  return `${words.join(" ")} ended with ${exitCode}: ${exitCode === 1 ? stdout + stderr : ""}`;
}

const live = async () => (await control.rows()).filter(({ state }) => LIVE.test(state)).map(({ id }) => id);

beforeAll(async () => void (outside = await startOutsideAgents()));
afterAll(() => outside.close());
afterEach(async () => {
  await project.dispose();
  await sandbox.close();
});

describe("a service whose lists lack live rows", () => {
  it("makes refresh, plan, drift, doctor, up and destroy refuse; nothing is minted, burned or forgotten", async () => {
    await begin();
    for (const [name, payment] of [
      ["Researcher", "V2"],
      ["Reviewer", "V1"],
      ["Writer", "V2"],
    ] as const) {
      declare(name, { payment });
    }
    await project.report("up");
    const registered = await live();
    expect(registered).toHaveLength(3);
    await control.setFaults(HIDDEN);
    const state = await project.run("stack", "export");

    for (const words of [
      ["refresh"],
      ["up"],
      ["up", "--refresh"],
      ["preview"],
      ["destroy"],
      ["plan"],
      ["drift"],
      ["doctor"],
    ]) {
      const said = await refusalOf(words);
      expect(said).toContain("REGISTRY_INCONSISTENT");
      // Once for each agent at most: a confirmation has nothing to add.
      expect(said.match(/REGISTRY_INCONSISTENT/g)?.length).toBeLessThanOrEqual(3);
      expect(said, "the SDK's host prints again what its answer says").not.toContain("RegistrationError");
    }
    expect(await control.posts("/registry")).toBe(3);
    expect(await control.posts("/registry/deregister")).toBe(0);
    const ids = (text: string) => registered.filter((id) => text.includes(id));
    expect(ids((await project.run("stack", "export")).stdout)).toEqual(ids(state.stdout));

    await control.setFaults([]);
    // The destroy had begun with the confirmations, which are in the state alone.
    const again = changes(await project.report("up", "--refresh"));
    expect(again.filter((change) => !change.startsWith("create AgentConfirmation "))).toEqual([]);
    expect(changes(await project.report("up", "--refresh"))).toEqual([]);
    expect(await control.posts("/registry")).toBe(3);
    expect(await live()).toEqual(registered);
    await project.report("destroy");
    expect(await live()).toEqual([]);
  }, 400_000);

  it("makes up refuse to mint anew what went back from confirmed to failed", async () => {
    await begin();
    declare("Researcher");
    await project.report("up");
    const [row] = await control.rows();
    await control.patchRow(row?.id ?? "", { state: "RegistrationFailed", agentIdentifier: null });
    for (const words of [["up"], ["up", "--refresh"], ["plan"]]) {
      expect(await refusalOf(words)).toContain("REGISTRY_INCONSISTENT");
    }
    expect(await control.posts("/registry")).toBe(1);
    // A person has looked, and wants it so.
    project.env["MASUMI_FORGET_REGISTRATION"] = "researcher";
    await project.report("up");
    expect(await control.posts("/registry")).toBe(2);
    delete project.env["MASUMI_FORGET_REGISTRATION"];
  }, 400_000);
});

describe("a request whose outcome is unknown", () => {
  it("is never sent again by a run on its own, is mentioned, and is sent again at a person's word", async () => {
    await begin();
    declare("Researcher");
    await control.setFaults([{ kind: "lost-before-write", route: "POST /registry" }]);
    expect((await project.run("up")).stdout).toContain("REGISTRATION_UNCLEAR");
    for (const words of [["up"], ["plan"], ["doctor"], ["preview"]]) {
      expect(await refusalOf(words)).toContain("REGISTRATION_UNSETTLED");
    }
    expect((await project.run("status")).stdout).toMatch(/registration of researcher was requested at 20/);
    expect(await control.posts("/registry")).toBe(1);

    project.env["MASUMI_FORGET_REGISTRATION"] = "all";
    await project.report("up");
    delete project.env["MASUMI_FORGET_REGISTRATION"];
    expect(await control.posts("/registry")).toBe(2);
    expect(await live()).toHaveLength(1);
    expect(changes(await project.report("up"))).toEqual([]);
    expect((await project.run("status")).stdout).not.toContain("was requested at");
  }, 400_000);
});

describe("several live registrations of one agent", () => {
  it("after an interrupted V1 replacement: plan, preview, drift and up tell the same: up keeps the new one and burns the old", async () => {
    await begin({ chainSpeed: 200 });
    declare("Reviewer", { payment: "V1", price: "3 ADA" });
    await project.report("up");
    const [old = ""] = await live();
    declare("Reviewer", { payment: "V1", price: "4 ADA" });
    await control.setFaults([{ kind: "late-answer", route: "POST /registry", ms: 8_000 }]);
    const { child, done } = project.start("up");
    await expect.poll(async () => (await control.rows()).length, { timeout: 30_000, interval: 50 }).toBe(2);
    child.kill("SIGKILL");
    await done;
    const anew = (await live()).find((id) => id !== old) ?? "";

    const planned = await json<PlanDocument>("plan");
    expect(planned.agents).toMatchObject([
      { action: "none", registrationId: anew, spareRegistrationIds: [old] },
    ]);
    expect(planned.removals).toMatchObject([{ agent: "reviewer", registrationId: old }]);
    expect(planned.summary).toMatch(
      /^On the chain: 1 to deregister\. About 0\.\d+ ADA in fees, 5 ADA released\.$/,
    );
    expect(planned.feeLovelace).toBe(planned.removals[0]?.feeLovelace);
    const removal = `up deregisters the old registration ${old} of reviewer`;
    expect(planned.warnings.join()).toContain(removal);
    expect((await project.run("plan")).stdout).toContain(removal);

    const drifted = await json<DriftDocument>("drift");
    expect(drifted).toMatchObject({ exitCode: 2, drifted: true });
    expect(drifted.agents).toMatchObject([
      {
        registration: { registrationId: anew },
        fields: [],
        duplicates: [{ registrationId: old, removedByUp: true }],
      },
    ]);
    const { stdout: said } = await project.run("drift");
    expect(said).toContain(removal);
    expect(said).not.toContain("in the payment service");

    const preview = await project.run("preview");
    expect(preview.stdout).toContain(planned.summary);
    expect(preview.stdout).toContain(removal);

    project.env["MASUMI_PLAN"] = planned.checksum;
    const up = await project.run("up");
    expect(up).toMatchObject({ exitCode: 0 });
    expect(up.stdout).toContain(removal);
    delete project.env["MASUMI_PLAN"];
    expect(await live()).toEqual([anew]);
    expect([await control.posts("/registry"), await control.posts("/registry/deregister")]).toEqual([2, 1]);
    expect(changes(await project.report("up"))).toEqual([]);
    expect(await json<PlanDocument>("plan")).toMatchObject({ exitCode: 0, warnings: [], removals: [] });
  }, 400_000);

  it("after a replacement that was killed while it burned the old one: the same", async () => {
    await begin({ chainSpeed: 200 });
    declare("Reviewer", { payment: "V1", price: "3 ADA" });
    await project.report("up");
    const [old = ""] = await live();
    declare("Reviewer", { payment: "V1", price: "4 ADA" });
    await control.setFaults([{ kind: "late-answer", route: "GET /payment", ms: 20_000, count: 9 }]);
    const { child, done } = project.start("up");
    await expect
      .poll(async () => (await project.run("stack", "export")).stdout, { timeout: 60_000, interval: 500 })
      .toContain('"delete": true');
    child.kill("SIGKILL");
    await done;
    await control.setFaults([]);
    const planned = await json<PlanDocument>("plan");
    expect(planned.removals).toMatchObject([{ agent: "reviewer", registrationId: old }]);
    expect((await project.run("preview")).stdout).toContain(planned.summary);
    project.env["MASUMI_PLAN"] = planned.checksum;
    await project.report("up");
    delete project.env["MASUMI_PLAN"];
    expect(await live()).toHaveLength(1);
    expect(await control.posts("/registry/deregister")).toBe(1);
    expect(changes(await project.report("up"))).toEqual([]);
  }, 400_000);

  it("a double: the one in the state is kept by plan and up, and destroy ends with the other's name", async () => {
    await begin();
    declare("Researcher");
    await project.report("up");
    const [kept = ""] = await live();
    // Older than the one in the state: without a state it would count.
    const { id: double } = await control.addRow({
      ...outsideRow(),
      createdAt: "2026-01-01T00:00:00.000Z",
    });
    const planned = await json<PlanDocument>("plan");
    expect(planned.agents).toMatchObject([
      { action: "none", registrationId: kept, spareRegistrationIds: [double] },
    ]);
    const up = await project.run("up");
    expect(up.stdout).toMatch(
      `Registration ${kept} is kept. Unless this run removes them, deregister ${double} in`,
    );
    expect(await control.posts("/registry")).toBe(1);

    const { exitCode, stdout, stderr } = await project.run("destroy", "--json");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(new RegExp(`REGISTRATIONS_LEFT: .*\\n.*Researcher.*\\(researcher\\).*${double}`));
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      leftovers: { registrations: [{ registrationId: double, agent: "researcher" }], unlistedTokens: [] },
    });
    expect(await live()).toEqual([double]);
    expect((await project.run("destroy", "--leave-duplicates")).exitCode).toBe(0);
  }, 400_000);
});

describe("a registration of the state that is shown as failed, beside a live one of the same agent", () => {
  async function beginWithDouble(isBurned: boolean) {
    await begin();
    declare("Researcher");
    const { outputs } = await project.report("up");
    const { registrationId: id = "", agentIdentifier = "" } = outputs.agents?.agents["researcher"] ?? {};
    if (isBurned) await control.burnToken(agentIdentifier);
    await control.patchRow(id, { state: "RegistrationFailed", agentIdentifier: null });
    const { id: double } = await control.addRow(outsideRow());
    return { id, double };
  }

  it("while its token is on the chain: every command refuses before anything changes", async () => {
    const { id, double } = await beginWithDouble(false);
    for (const words of [["plan"], ["preview"], ["drift"], ["doctor"], ["up"], ["up", "--refresh"]]) {
      const said = await refusalOf(words);
      expect(said).toMatch(`REGISTRY_INCONSISTENT: The payment service shows registration ${id}`);
      expect(said).not.toContain("Took over");
    }
    const { stdout: state } = await project.run("stack", "export");
    expect(state).toContain(id);
    expect(state).not.toContain(double);
    // A person has looked, and wants it so.
    project.env["MASUMI_FORGET_REGISTRATION"] = "researcher";
    const { summary } = await json<PlanDocument>("plan");
    expect(summary).toBe("On the chain: 1 to take over. About 0 ADA in fees.");
    await project.report("up");
    delete project.env["MASUMI_FORGET_REGISTRATION"];
    expect(await live()).toEqual([double]);
    expect(await control.chainRequests()).toBe(1);
    expect(changes(await project.report("up"))).toEqual([]);
  }, 400_000);

  it("if it never was on the chain: every command says that up takes the live one over, and up does", async () => {
    const { double } = await beginWithDouble(true);
    const takes = "On the chain: 1 to take over. About 0 ADA in fees.";
    expect(await json<PlanDocument>("plan")).toMatchObject({
      exitCode: 0,
      summary: takes,
      agents: [{ action: "adopt", registrationId: double }],
    });
    for (const words of [["preview"], ["doctor"]]) {
      expect((await project.run(...words)).stdout).toContain(takes);
    }
    expect(await json<DriftDocument>("drift")).toMatchObject({ exitCode: 0, agents: [{ inState: false }] });
    expect((await project.run("drift")).stdout).toContain("NOT IN THE STATE: up takes it over");
    expect((await project.run("up")).stdout).toContain(`Took over registration ${double}`);
    expect(await control.chainRequests()).toBe(1);
    expect(changes(await project.report("up"))).toEqual([]);
    expect(await json<DriftDocument>("drift")).toMatchObject({ agents: [{ inState: true }] });
  }, 400_000);
});

describe("a state that is lost", () => {
  it("is told by every command before anything starts, if what is registered is not as declared", async () => {
    await begin();
    declare("Researcher");
    await project.report("up");
    rmSync(project.path(".masumi/state/.pulumi/stacks"), { recursive: true });
    declare("Researcher", { price: "4 ADA" });
    for (const words of [["plan"], ["preview"], ["doctor"], ["up"]]) {
      const said = await refusalOf(words);
      expect(said).toContain("OWN_REGISTRATION_DIFFERS");
      expect(said).not.toContain("AgentRegistration");
    }
    // Where no program sees the state, the engine's own plan tells.
    const options = await openLocalStack(openProject(project.root), "local");
    const { ok, diagnostics } = await preview({ ...options, env: {} });
    expect(ok).toBe(false);
    expect(diagnostics.map(({ message }) => message).join()).toContain("OWN_REGISTRATION_DIFFERS");
    declare("Researcher");
    const unchanged = await preview({ ...options, env: {} });
    expect(unchanged.diagnostics.map(({ message }) => message)).toContainEqual(
      expect.stringContaining("On the chain: 1 to take over."),
    );
    await project.report("up");
    expect(await control.chainRequests()).toBe(1);
    const again = await preview({ ...options, env: {} });
    expect(again.diagnostics.map(({ message }) => message).join()).toContain("On the chain: nothing to do.");
  }, 400_000);
});

/** What another clone of this project has registered as the researcher. */
const outsideRow = () => ({
  wallet: "fa12fbf555d966f84801c66b8e9704b2ea3d81a93d89059bd98d7e32",
  state: "RegistrationConfirmed",
  name: "Researcher",
  description: "Answers from elsewhere.",
  apiBaseUrl: `${outside.url}/researcher`,
  Capability: { name: "answering", version: "1.0.0" },
  Tags: ["answers", marker(OWNER, "researcher")],
  Author: { name: "Example GmbH", contactEmail: null, contactOther: null, organization: null },
  supportedPaymentSources: [
    {
      chain: "Cardano",
      network: "Preprod",
      paymentSourceType: "Web3CardanoV2",
      address: "addr_test1wzs4e6wc95hkwezlccjw9mdvq0r0rsgx6zk34avptga3ftgn37w4g",
      pricing: { pricingType: "Fixed", fixed: [{ asset: "", amount: "3000000" }] },
    },
  ],
});
