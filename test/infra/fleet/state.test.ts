import { describe, expect, it } from "vitest";
import type { Agent } from "../../../infra/declarations/index.ts";
import { type ExamineOptions, findDrift, summaryOf, survey } from "../../../infra/fleet/index.ts";
import { MasumiClient, STATES, isOver } from "../../../providers/masumi/service/index.ts";
import { V2, V2_SOURCE } from "../../providers/masumi/inputs.ts";
import { type Service, WORLDS, startService } from "../../providers/masumi/service.ts";
import { configOf, declare, examine, register } from "./stack.ts";

function declared(fields: Record<string, unknown> = {}): Agent {
  const [agent] = declare({ a: fields });
  if (!agent) throw new Error("an agent was declared");
  return agent;
}

const agent = declared();
const changed = declared({ description: "Answers otherwise." });

/** An agent whose registration is shown as over, and which has another one. */
async function withDouble(service: Service, state = "RegistrationFailed") {
  const { id: over } = await register(service.url, agent);
  const [row] = await service.rows();
  const { id: double } = await register(service.url, agent);
  await service.patch(over, { state });
  return { over, double, token: row?.agentIdentifier };
}

const has = (...ids: string[]) => ({ inState: new Set(ids) });
const codes = ({ problems }: { problems: readonly { code: string }[] }) => problems.map(({ code }) => code);

async function driftOf(service: Service, state: Partial<ExamineOptions>) {
  const agents = [agent];
  const client = new MasumiClient({ url: service.url, token: "sandbox-read-key" });
  const config = configOf(service.url);
  const seen = await survey(client, config, agents, state);
  const urlOf = ({ id }: { id: string }) => `https://agents.example.com/${id}`;
  return findDrift({ ...state, config, agents, urlOf, survey: seen });
}

describe("a registration of the state that is shown as over, beside another one of its agent", () => {
  it.each(STATES.filter(isOver))("%s, and so is its token: the other one is taken over", async (state) => {
    await using service = await startService();
    const { over, double, token } = await withDouble(service, state);
    await service.hold(token, null);
    const stateless = await examine(service.url, [agent]);
    const { plan, problems, checksum } = await examine(service.url, [agent], has(over));
    expect(problems).toEqual([]);
    expect(plan.agents).toMatchObject([
      { action: "adopt", row: { id: double }, recover: [{ rowId: over, state }], spare: [], removals: [] },
    ]);
    expect(summaryOf(plan)).toBe("On the chain: 1 to take over. About 0 ADA in fees.");
    // A machine that does not see the state approves the same.
    expect(checksum).toBe(stateless.checksum);
    expect((await driftOf(service, has(over))).agents).toMatchObject([
      { status: "same", row: { id: double }, isInState: false },
    ]);
    expect((await driftOf(service, has(double))).agents).toMatchObject([{ status: "same", isInState: true }]);
  });

  it("if the other one is not as declared, the run refuses, as its create would", async () => {
    await using service = await startService();
    const { over, double, token } = await withDouble(service);
    await service.hold(token, null);
    const { problems, plan } = await examine(service.url, [changed], has(over));
    expect(problems).toMatchObject([
      { code: "OWN_REGISTRATION_DIFFERS", message: expect.stringContaining(double) },
    ]);
    expect(plan.agents).toEqual([]);
  });

  it.each<[where: string, state: (over: string, double: string) => Partial<ExamineOptions>]>([
    ["as the agent's", (over) => has(over)],
    [
      "as one that an interrupted run has replaced",
      (over, double) => ({ inState: new Set([double]), pendingDeletes: new Set([over]) }),
    ],
  ])("with its token on the chain it is not believed: the state has it %s", async (_where, stateOf) => {
    await using service = await startService();
    const { over, double } = await withDouble(service);
    const state = stateOf(over, double);
    const examined = await examine(service.url, [agent], state);
    expect(examined.problems).toMatchObject([
      {
        code: "REGISTRY_INCONSISTENT",
        message: expect.stringMatching(
          `${over} as RegistrationFailed, but its token .*FORGET_REGISTRATION=a `,
        ),
      },
    ]);
    expect(examined.plan.agents).toEqual([]);
    expect(codes(await driftOf(service, state))).toEqual(["REGISTRY_INCONSISTENT"]);
    for (const forget of ["a", over]) {
      expect(codes(await examine(service.url, [agent], { ...state, forget }))).toEqual([]);
    }
    expect(codes(await examine(service.url, [agent], has(double)))).toEqual([]);
  });

  it("nor is it if no file declares the agent any more", async () => {
    await using service = await startService();
    const { over, double } = await withDouble(service);
    await service.patch(double, { state: "DeregistrationConfirmed" });
    expect((await examine(service.url, [], has(over))).problems).toMatchObject([
      { code: "REGISTRY_INCONSISTENT", message: expect.stringContaining(`FORGET_REGISTRATION=${over} `) },
    ]);
    expect(codes(await examine(service.url, [], has()))).toEqual([]);
  });

  it("nor if the state last saw it confirmed", async () => {
    await using service = await startService();
    const { over, token } = await withDouble(service);
    await service.hold(token, null);
    const state = { ...has(over), lastStates: new Map([[over, "RegistrationConfirmed"]]) };
    expect((await examine(service.url, [agent], state)).problems).toMatchObject([
      { code: "REGISTRY_INCONSISTENT", message: expect.stringMatching("was RegistrationConfirmed, and") },
    ]);
    const asRequested = { ...state, lastStates: new Map([[over, "RegistrationRequested"]]) };
    expect(codes(await examine(service.url, [agent], asRequested))).toEqual([]);
  });
});

describe("a registration of the state that somebody else is deregistering", () => {
  it("is replaced by a new one, which the provider is told as well", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { id } = await register(service.url, agent);
    await service.patch(id, { state: "DeregistrationRequested" });
    const { plan } = await examine(service.url, [agent], has(id));
    expect(plan.agents).toMatchObject([
      { action: "create", recover: [{ rowId: id, state: "DeregistrationRequested" }] },
    ]);
  });
});

describe("a registration of the state that the service does not list any more", () => {
  const known = (network = "Preprod") => ({
    ...has("cm0gone"),
    known: [{ id: "cm0gone", agentId: "a", network }],
  });

  it.each([
    ["alone", 0],
    ["beside another one", 1],
  ])("%s: a run would leave it as it is, so a refresh comes first", async (_beside, others) => {
    await using service = await startService();
    for (let count = 0; count < others; count++) await register(service.url, agent);
    const { problems, plan } = await examine(service.url, [agent], known());
    expect(problems).toMatchObject([
      { code: "REGISTRATION_GONE", message: expect.stringMatching("cm0gone of a, .* Run refresh") },
    ]);
    expect(plan.agents).toEqual([]);
  });

  it("does not matter if it is of another network, or of another agent", async () => {
    await using service = await startService();
    expect(codes(await examine(service.url, [agent], known("Mainnet")))).toEqual([]);
    expect(codes(await examine(service.url, [declare({ b: {} })[0] ?? agent], known()))).toEqual([]);
  });

  it("is looked for beyond the stack's wallets before that is said", async () => {
    await using service = await startService();
    const { id } = await register(service.url, declared({ payment: "V1" }));
    const { walletAddress: address } = await register(service.url, agent);
    const wallets = [{ ...V2, address }];
    const state = { ...has(id), known: [{ id, agentId: "a", network: "Preprod" }], settings: { wallets } };
    expect(codes(await examine(service.url, [agent], state))).not.toContain("REGISTRATION_GONE");
  });
});

describe("what the service would refuse", () => {
  it("an update of a registration whose deregistration failed", async () => {
    await using service = await startService();
    const { id } = await register(service.url, agent);
    await service.patch(id, { state: "DeregistrationFailed" });
    expect((await examine(service.url, [changed], has(id))).problems).toMatchObject([
      { code: "DEREGISTRATION_FAILED", message: expect.stringContaining(id) },
    ]);
    expect(codes(await examine(service.url, [agent], has(id)))).toEqual([]);
  });

  it("a V2 wallet, of a release that knows none", async () => {
    await using service = await startService({ chainSpeed: "instant", world: WORLDS["release 0.20"] });
    const settings = { wallets: [{ ...V2, paymentSource: V2_SOURCE }] };
    expect(codes(await examine(service.url, [agent], { settings }))).toContain("V2_NOT_SUPPORTED");
  });
});
