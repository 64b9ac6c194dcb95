import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { Agent } from "../../../infra/declarations/index.ts";
import {
  type ExamineOptions,
  duplicateWarnings,
  expectedUrls,
  askedRemovals,
  planWarnings,
  summaryOf,
  replacementWarning,
} from "../../../infra/fleet/index.ts";
import { IntentNotes, marker } from "../../../providers/masumi/service/index.ts";
import { V1, V2 } from "../../providers/masumi/inputs.ts";
import { NEXT_RELEASE, WITH_A2A } from "../../providers/masumi/strange-rows.ts";
import { MAINNET_WALLET, type Service, WORLDS, startService } from "../../providers/masumi/service.ts";
import { OWNER, configOf, declare, examine, register } from "./stack.ts";
import defaultWorld from "../../../local/sandbox/world.default.json" with { type: "json" };

const emptyWallet = (type: "Web3CardanoV1" | "Web3CardanoV2") => {
  const wallet = defaultWorld.paymentSources
    .filter(({ paymentSourceType }) => paymentSourceType === type)
    .flatMap(({ wallets }) => wallets)
    .find((one) => one.type === "Selling" && one.lovelace === 0);
  if (!wallet) throw new Error(`the default world has no empty ${type} wallet`);
  return { vkey: wallet.vkey, address: wallet.address, type: type === "Web3CardanoV1" ? "V1" : "V2" };
};

const CREW = {
  agents: { one: { role: "r", goal: "g", backstory: "b" } },
  tasks: [{ name: "t", agent: "one", description: "d", expected_output: "e" }],
};

const addressOf = (vkey: string) =>
  defaultWorld.paymentSources.flatMap(({ wallets }) => wallets).find((wallet) => wallet.vkey === vkey)
    ?.address;

const worldWithMainnetKey = {
  ...defaultWorld,
  keys: [
    ...defaultWorld.keys,
    { token: "sandbox-mainnet-key", permission: "ReadAndPay", networks: ["Mainnet"] },
  ],
};

const actionsOf = ({ plan }: Awaited<ReturnType<typeof examine>>) =>
  Object.fromEntries(
    plan.agents.map(({ agent, action, fields }) => [agent.id, [action, ...fields].join(" ")]),
  );

describe("what keeps a run from starting", () => {
  it.each<[what: string, options: Parameters<typeof examine>[2], said: RegExp]>([
    ["a wrong key", { key: "a-key-that-nobody-knows" }, /KEY_REFUSED: .*MASUMI_API_KEY|masumi:apiKey/],
    ["a Read key, when money is spent", { key: "sandbox-read-key" }, /KEY_CANNOT_PAY: .*ReadAndPay/],
    [
      "a key of the other network",
      { key: "sandbox-mainnet-key" },
      /KEY_OF_OTHER_NETWORK: .*Mainnet.*masumi:network/,
    ],
  ])("%s ends it with the remedy", async (_what, options, said) => {
    await using service = await startService({ chainSpeed: "instant", world: worldWithMainnetKey });
    await expect(examine(service.url, declare({ a: {} }), options)).rejects.toThrow(said);
  });

  it("a service that does not answer", async () => {
    await using service = await startService();
    await service.fault({ kind: "lost-before-write", route: "GET /api-key-status", count: 50 });
    await expect(examine(service.url, declare({ a: {} }))).rejects.toThrow(/ANSWER_LOST: .*Run again/);
  });

  it("a Read key is enough for a plan", async () => {
    await using service = await startService();
    const { problems } = await examine(service.url, declare({ a: {} }), {
      key: "sandbox-read-key",
      spends: false,
    });
    expect(problems).toEqual([]);
  });

  it("an empty wallet: how much to send where", async () => {
    await using service = await startService();
    const wallet = emptyWallet("Web3CardanoV2");
    const { problems, funds } = await examine(service.url, declare({ a: {}, b: {} }), {
      settings: { wallets: [wallet] },
    });
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        `WALLET_UNFUNDED: Wallet ${wallet.vkey} has 0 ADA available, .* Send at least 10.845306 ADA to ${wallet.address} .*faucet`,
      ),
    ]);
    expect(funds[0]).toMatchObject({ free: 0n, needed: 10_845_306n, missing: 10_845_306n });
  });

  it("what stays beside live tokens pays for nothing", async () => {
    await using service = await startService();
    const [first, second] = declare({ a: {}, b: {} });
    if (!first || !second) throw new Error("two agents were declared");
    await register(service.url, first);
    await service.fund(V2.vkey, 9_000_000);
    const { funds } = await examine(service.url, [first, second]);
    expect(funds[0]).toMatchObject({ free: 4_000_000n, needed: 5_422_653n, missing: 1_422_653n });
  });

  it("without an address the balance is unknown, until a registration tells it", async () => {
    await using service = await startService();
    const settings = { wallets: [{ vkey: V2.vkey, type: "V2" }] };
    const agents = declare({ a: {} });
    const before = await examine(service.url, agents, { settings, allBalances: true });
    expect(before.funds[0]).toMatchObject({ address: "", free: undefined, missing: 0n });
    for (const agent of agents) await register(service.url, agent);
    const after = await examine(service.url, agents, { settings, allBalances: true });
    expect(after.funds[0]?.address).toMatch(/^addr_test1qrap97l42/);
    expect(after.funds[0]?.free).toBeGreaterThan(0n);
  });

  it("all problems come at once", async () => {
    await using service = await startService();
    const { problems } = await examine(
      service.url,
      declare({ a: { payment: "V1" }, b: { wallet: "ab".repeat(28) }, c: {} }),
      { settings: { wallets: [emptyWallet("Web3CardanoV2")] }, approved: "0000" },
    );
    expect(problems.map(({ code }) => code)).toEqual([
      "NO_WALLET_FITS",
      "NO_WALLET_FITS",
      "PLAN_CHANGED",
      "WALLET_UNFUNDED",
    ]);
  });
});

const ON_DOCKER = { hosting: "docker", runtimeKey: "a-runtime-key", allowPrivateUrls: "true" };

describe("an agent on Docker", () => {
  const onDocker = { url: undefined, crew: CREW, hosting: "docker" };

  it("keeps the port that it is registered with, whoever joins it, and is left alone", async () => {
    await using service = await startService();
    const [living] = declare({ "study-reviewer": { url: "http://127.0.0.1:14586" } });
    if (!living) throw new Error("an agent was declared");
    await register(service.url, living);
    const agents = declare({ "study-reviewer": onDocker, "seo-analyst": onDocker });
    const config = configOf(service.url, ON_DOCKER);
    const { plan, problems } = await examine(service.url, agents, {
      settings: ON_DOCKER,
      urlOf: expectedUrls({ config, projectRoot: "/", agents }),
    });
    expect(problems).toEqual([]);
    const [newcomer, kept] = plan.agents;
    expect(kept).toMatchObject({ action: "none", url: "http://127.0.0.1:14586" });
    expect(newcomer).toMatchObject({ action: "create" });
    expect(newcomer?.url).not.toBe(kept?.url);
    expect(plan.registered).toEqual(new Map([["study-reviewer", "http://127.0.0.1:14586"]]));
  });
});

describe("an agent that moves into the shared crew service, or out of it", () => {
  it.each(["shared", "docker"])(
    "to %s gets another URL: an update on V2, a replacement on V1",
    async (to) => {
      await using service = await startService();
      const settings = { ...ON_DOCKER, shared: { on: "docker" } };
      const config = configOf(service.url, settings);
      const hosted = (hosting: string) =>
        declare({
          v1: { url: undefined, crew: CREW, hosting, payment: "V1" },
          v2: { url: undefined, crew: CREW, hosting },
        });
      const urlsOf = (agents: Agent[]) => expectedUrls({ config, projectRoot: "/", agents });
      const before = hosted(to === "shared" ? "docker" : "shared");
      for (const agent of before) {
        const url = urlsOf(before)(agent, new Map()) ?? "";
        await register(service.url, { ...agent, source: { kind: "url", url } });
      }
      const stayed = await examine(service.url, before, { settings, urlOf: urlsOf(before) });
      expect(actionsOf(stayed)).toEqual({ v1: "none", v2: "none" });
      const after = hosted(to);
      const moved = await examine(service.url, after, { settings, urlOf: urlsOf(after) });
      expect(actionsOf(moved)).toEqual({ v1: "replace apiBaseUrl", v2: "update apiBaseUrl" });
    },
  );
});

describe("what a run would do", () => {
  it("registers what is not there, leaves alone what is, and changes what differs", async () => {
    await using service = await startService();
    const before = declare({ same: {}, moved: {}, old: { payment: "V1" } });
    for (const agent of before) await register(service.url, agent);
    const after = declare({
      same: {},
      moved: { description: "Answers better.", pricing: "free" },
      old: { payment: "V1", tags: ["answers", "more"] },
      fresh: {},
    });
    const examined = await examine(service.url, after);
    expect(actionsOf(examined)).toEqual({
      same: "none",
      moved: "update description pricing",
      old: "replace tags",
      fresh: "create",
    });
    expect(examined.problems).toEqual([]);
    expect(summaryOf(examined.plan)).toBe(
      "On the chain: 1 to register, 1 to update, 1 to replace. At most about 1.61 ADA in fees, 5 ADA locked.",
    );
    expect(planWarnings(examined.plan, configOf("http://127.0.0.1/api/v1"))).toEqual([
      expect.stringMatching(
        /old is REPLACED on the chain: V1 .*changed: tags.*two transactions \(about 0.76 ADA\)/,
      ),
    ]);
  });

  it("warns of what no file declares, and only tells of it where somebody has named it", async () => {
    await using service = await startService();
    const rows = new Map<string, string>();
    for (const agent of declare({ stays: {}, left: {}, gone: {} }))
      rows.set(agent.id, (await register(service.url, agent)).id);
    const told = async (...allowDeregister: string[]) => {
      const settings = { allowDeregister };
      const { plan } = await examine(service.url, declare({ stays: {} }), { settings });
      const config = configOf(service.url, settings);
      return { warned: planWarnings(plan, config).join("\n"), asked: askedRemovals(plan, config) };
    };
    const [left, gone] = ["left", "gone"].map((id) => `Agent ${id} (registration ${rows.get(id)})`);
    const nobody = await told();
    expect(nobody.asked).toBeUndefined();
    for (const name of [left, gone]) expect(nobody.warned).toContain(name);
    expect(nobody.warned).toMatch(
      /^No file declares .*\. up deregisters .*To keep one, put its file back\.$/,
    );
    const one = await told("left");
    expect(one.asked).toBe(`Deregistered as asked for by masumi:allowDeregister: ${left}.`);
    expect(one.warned).toContain(gone);
    expect(one.warned).not.toContain(left);
    const both = await told("left", rows.get("gone") ?? "");
    expect(both.warned).toBe("");
    expect(both.asked).toContain(gone);
  });

  it("keeps an agent's wallet, and moves it loudly when the pool loses that", async () => {
    await using service = await startService();
    const other = emptyWallet("Web3CardanoV2");
    await service.fund(other.vkey, 100_000_000);
    const agents = declare({ a: {} });
    for (const agent of agents) await register(service.url, agent);
    const kept = await examine(service.url, agents, { settings: { wallets: [other, V2] } });
    expect(actionsOf(kept)).toEqual({ a: "none" });
    const moved = await examine(service.url, agents, { settings: { wallets: [other] } });
    expect(actionsOf(moved)).toEqual({ a: "replace wallet" });
    expect(planWarnings(moved.plan, configOf("http://127.0.0.1/api/v1"))).toEqual([
      expect.stringMatching(/it moves to another wallet/),
    ]);
  });

  it("finds an agent on a wallet that left the configuration, though another is on one that stayed", async () => {
    await using service = await startService();
    const agents = declare({ stayed: {}, left: {} });
    const stayed = agents.filter(({ id }) => id === "stayed");
    for (const agent of stayed) await register(service.url, agent);
    await service.insert({
      wallet: emptyWallet("Web3CardanoV2").vkey,
      state: "RegistrationConfirmed",
      name: "Agent left",
      description: "Answers from elsewhere.",
      apiBaseUrl: "https://agents.example.com/left",
      Tags: ["answers", marker(OWNER, "left")],
      AgentPricing: { pricingType: "Free" },
    });
    // With its address, only the rows of this wallet are asked for at first.
    const wallets = [{ ...V2, address: addressOf(V2.vkey) }];
    const examined = await examine(service.url, agents, { settings: { wallets } });
    expect(actionsOf(examined)).toEqual({ stayed: "none", left: "replace wallet" });
  });

  it("spreads new agents over the pool", async () => {
    await using service = await startService();
    const other = emptyWallet("Web3CardanoV2");
    await service.fund(other.vkey, 100_000_000);
    const { plan } = await examine(service.url, declare({ a: {}, b: {}, c: {}, d: {} }), {
      settings: { wallets: [V2, other] },
    });
    expect(plan.agents.map(({ wallet }) => wallet.vkey)).toEqual([V2.vkey, other.vkey, V2.vkey, other.vkey]);
  });

  it("tries anew what failed on the chain", async () => {
    await using service = await startService({ chainSpeed: 200 });
    const wallet = emptyWallet("Web3CardanoV1");
    const agents = declare({ a: { payment: "V1" } });
    await service.insert({
      wallet: wallet.vkey,
      state: "RegistrationFailed",
      error: "No UTXOs found",
      name: "Agent a",
      description: "",
      apiBaseUrl: "https://agents.example.com/a",
      Tags: ["answers", marker(OWNER, "a")],
      AgentPricing: { pricingType: "Free" },
    });
    const { plan } = await examine(service.url, agents, { settings: { wallets: [wallet] } });
    expect(plan.agents[0]).toMatchObject({ action: "create", recover: [{ state: "RegistrationFailed" }] });
  });

  it("a registration of somebody else at the same URL stands in the way, unless it is to be adopted", async () => {
    await using service = await startService();
    const agents = declare({ a: {} });
    const [agent] = agents;
    if (!agent) throw new Error("an agent was declared");
    const { id } = await register(service.url, agent, "somebody else");
    const refused = await examine(service.url, agents);
    expect(refused.problems.map(({ code }) => code)).toEqual(["FOREIGN_REGISTRATION"]);
    const adopted = await examine(service.url, declare({ a: { adopt: id } }));
    expect(adopted.problems).toEqual([]);
    expect(actionsOf(adopted)).toEqual({ a: "adopt" });
  });
});

describe("a V1 registration that was taken over without our mark", () => {
  it("is replaced when its declaration changes, and counts as a burn", async () => {
    await using service = await startService();
    const [agent] = declare({ a: { payment: "V1" } });
    if (!agent) throw new Error("an agent was declared");
    const { id } = await register(service.url, agent, "somebody else");
    const changed = await examine(service.url, declare({ a: { payment: "V1", adopt: id, pricing: "free" } }));
    expect(changed.problems).toEqual([]);
    expect(actionsOf(changed)).toEqual({ a: "replace pricing" });
    expect(changed.plan.agents[0]?.row?.id).toBe(id);
  });

  it.each(["RegistrationRequested", "DeregistrationRequested", "DeregistrationConfirmed"])(
    "is refused while it is in state %s",
    async (state) => {
      await using service = await startService({ chainSpeed: 0 });
      const [agent] = declare({ a: { payment: "V1" } });
      if (!agent) throw new Error("an agent was declared");
      const { id } = await register(service.url, agent, "somebody else");
      await service.patch(id, { state });
      const changed = await examine(
        service.url,
        declare({ a: { payment: "V1", adopt: id, pricing: "free" } }),
      );
      expect(changed.problems.map(({ code }) => code)).toEqual(["ADOPT_NOT_POSSIBLE"]);
      expect(changed.plan.agents).toEqual([]);
    },
  );
});

describe("what a run may burn", () => {
  const four = { a: {}, b: {}, c: {}, d: {} };

  it("at most three removals or replacements unasked; beyond that each is named", async () => {
    await using service = await startService();
    const rows = [];
    for (const agent of declare({ ...four, v1: { payment: "V1" } }))
      rows.push(await register(service.url, agent));
    const declared = declare({ a: {}, v1: { payment: "V1", pricing: "free" } });
    const refused = await examine(service.url, declared);
    expect(refused.problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^DEREGISTRATION_LIMIT: This run would burn 4 registrations .* may burn 3:\n(.*no file declares it\n){3}.*v1 .*it is replaced/,
      ),
    ]);
    // An agent's name is its author's to choose, so it names nothing.
    const [b] = declare({ b: {} });
    const byName = await examine(service.url, declared, { settings: { allowDeregister: [b?.name ?? ""] } });
    expect(byName.problems.map(({ code }) => code)).toEqual(["DEREGISTRATION_LIMIT"]);
    for (const named of [["v1"], ["b"], [rows[1]?.id]]) {
      const allowed = await examine(service.url, declared, { settings: { allowDeregister: named } });
      expect(allowed.problems).toEqual([]);
      expect(allowed.plan.orphans.map(({ action }) => action)).toEqual(Array(3).fill("deregister"));
    }
  });

  it("an emptied folder is no destroy", async () => {
    await using service = await startService();
    for (const agent of declare(four)) await register(service.url, agent);
    const { problems } = await examine(service.url, []);
    expect(problems[0]?.message).toMatch(
      /DEREGISTRATION_LIMIT: No agent is declared for this stack.* 4 registrations/,
    );
  });

  it("nothing unasked on Mainnet", async () => {
    await using service = await startService({ world: WORLDS.Mainnet, chainSpeed: "instant" });
    const settings = { network: "Mainnet", confirmMainnet: "true", maxAda: "20", wallets: [MAINNET_WALLET] };
    await service.insert({
      wallet: MAINNET_WALLET.vkey,
      state: "RegistrationConfirmed",
      name: "Old",
      description: "",
      apiBaseUrl: "https://agents.example.com/old",
      Tags: [marker(OWNER, "old")],
      AgentPricing: { pricingType: "Free" },
    });
    const { problems } = await examine(service.url, [], { settings });
    expect(problems.map(({ code }) => code)).toEqual(["DEREGISTRATION_LIMIT"]);
  });
});

describe("the checksum of a plan", () => {
  const base = { a: {}, b: { payment: "V1" } };

  it("is the same for the same declarations on the same chain, whatever goes on by itself", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const agents = declare(base);
    for (const agent of agents) await register(service.url, agent);
    const requested = await examine(service.url, agents);
    await service.advance(120);
    await service.advance(120);
    const confirmed = await examine(service.url, declare(base));
    expect((await service.rows()).map(({ state }) => state)).toEqual(Array(2).fill("RegistrationConfirmed"));
    expect(confirmed.checksum).toBe(requested.checksum);
    expect((await examine(service.url, agents, { approved: confirmed.checksum })).problems).toEqual([]);
  });

  it.each<
    [string, (url: string, rowId: string, patch: (fields: object) => Promise<void>) => Promise<Examined>]
  >([
    ["a changed declaration", (url) => examine(url, declare({ ...base, a: { pricing: "free" } }))],
    ["a further agent", (url) => examine(url, declare({ ...base, c: {} }))],
    ["an agent less", (url) => examine(url, declare({ a: {} }))],
    [
      "another wallet",
      (url) =>
        examine(url, declare(base), { settings: { wallets: [{ ...V1 }, emptyWallet("Web3CardanoV2")] } }),
    ],
    [
      "a registration changed by somebody else",
      async (url, _id, patch) => {
        await patch({ description: "changed by hand" });
        return examine(url, declare(base));
      },
    ],
    [
      "a registration deregistered by somebody else",
      async (url, _id, patch) => {
        await patch({ state: "DeregistrationConfirmed" });
        return examine(url, declare(base));
      },
    ],
  ])("%s is another plan", async (_what, change) => {
    await using service = await startService();
    const agents = declare(base);
    const rows = [];
    for (const agent of agents) rows.push(await register(service.url, agent));
    const id = rows[0]?.id ?? "";
    const { checksum } = await examine(service.url, agents);
    const changed = await change(service.url, id, (fields) => service.patch(id, { ...fields }));
    expect(changed.checksum).not.toBe(checksum);
  });
});

type Examined = Awaited<ReturnType<typeof examine>>;

/** Lists lack all rows, or those of agents with a name; counts and wallets tell the truth. */
async function hide(service: Service, name?: string): Promise<void> {
  for (const route of ["GET /registry", "GET /registry/diff"]) {
    await service.fault({ kind: "hide-rows", route, count: 999, ...(name ? { name } : {}) });
  }
}

describe("a service that shows less than there is", () => {
  const declared = { a: {}, b: { payment: "V1" } };
  const registerAll = async (service: Service, agents: readonly Agent[]) => {
    for (const agent of agents) await register(service.url, agent);
  };
  const codes = ({ problems }: Awaited<ReturnType<typeof examine>>) => problems.map(({ code }) => code);

  it("is contradicted by its count, and by its wallets: nothing is planned to be registered again", async () => {
    await using service = await startService();
    const agents = declare(declared);
    await registerAll(service, agents);
    await hide(service);
    const short = await examine(service.url, agents);
    expect(codes(short)).toEqual(["REGISTRY_INCONSISTENT", "REGISTRY_INCONSISTENT"]);
    expect(short.problems[0]?.message).toMatch(/counts 2 more .*MASUMI_FORGET_REGISTRATION=a/);
    expect(short.plan.agents).toEqual([]);

    await service.fault({ kind: "hide-rows", route: "GET /registry/count", count: 999 });
    const unlisted = await examine(service.url, agents);
    expect(codes(unlisted)).toEqual(["REGISTRY_INCONSISTENT", "REGISTRY_INCONSISTENT"]);
    expect(unlisted.problems[0]?.message).toMatch(/holds a's token 67ab0c\w+/);

    const forced = await examine(service.url, agents, { forget: "all" });
    expect(codes(forced)).toEqual([]);
    expect(actionsOf(forced)).toEqual({ a: "create", b: "create" });
  });

  it("keeps only the agents that it does not show from being planned", async () => {
    await using service = await startService();
    const agents = declare(declared);
    await registerAll(service, agents);
    await hide(service, "Agent b");
    const examined = await examine(service.url, agents);
    expect(codes(examined)).toEqual(["REGISTRY_INCONSISTENT"]);
    expect(actionsOf(examined)).toEqual({ a: "none" });
  });

  const STRAY = `67ab0c92c4ac1610895a1c965ee50aba41a8f1513b15240723b3bd0b10${"ab".repeat(28)}000000`;
  const typed = { plain: {}, card: { listing: "openapi" } };

  it("plans no typed agent beside a token that it cannot read, until that is named, and all others", async () => {
    await using service = await startService({ world: NEXT_RELEASE, chainSpeed: "instant" });
    await service.put(STRAY, { holder: addressOf(V2.vkey), metadata: { name: 1 } });
    const wallets = [{ ...V2, address: addressOf(V2.vkey) }, V1];
    const stopped = await examine(service.url, declare(typed), { settings: { wallets } });
    expect(codes(stopped)).toEqual(["REGISTRY_INCONSISTENT"]);
    expect(stopped.problems[0]?.message).toMatch(new RegExp(`None of card .*${STRAY}.*otherRegistrations`));
    expect(actionsOf(stopped)).toEqual({ plain: "create" });
    const settings = { wallets, otherRegistrations: [STRAY] };
    const named = await examine(service.url, declare(typed), { settings });
    expect(codes(named)).toEqual([]);
    expect(actionsOf(named)).toEqual({ card: "create", plain: "create" });
  });

  it("shows what a change of its type changes, also what the file leaves to the type", async () => {
    await using service = await startService({ world: WITH_A2A, chainSpeed: "instant" });
    const [before] = declare({ a: {} });
    if (!before) throw new Error("an agent was declared");
    await register(service.url, before);
    const wallets = [{ ...V2, address: addressOf(V2.vkey) }, V1];
    const { plan } = await examine(service.url, declare({ a: { listing: "a2a" } }), {
      settings: { wallets },
    });
    const [planned] = plan.agents;
    expect(planned?.changes).toEqual([
      { field: "listing", declared: "a2a", live: "standard" },
      {
        field: "documentUrl",
        declared: expect.stringMatching(/agent-card\.json$/),
        live: undefined,
      },
      { field: "protocolVersions", declared: ["1.0"], live: undefined },
    ]);
    expect(planned && replacementWarning(planned)).toContain(
      "its type changes from standard to a2a, which no registration can do in place",
    );
  });

  it("plans a typed agent where it reads another one of its type", async () => {
    await using service = await startService({ world: WITH_A2A, chainSpeed: "instant" });
    const agents = declare({ ...typed, read: { listing: "openapi" }, manifest: { listing: "x402" } });
    const read = agents.find(({ id }) => id === "read");
    if (!read) throw new Error("it was declared");
    await register(service.url, read);
    await service.put(STRAY, { holder: addressOf(V2.vkey), metadata: { name: 1 } });
    const wallets = [{ ...V2, address: addressOf(V2.vkey) }, V1];
    const examined = await examine(service.url, agents, { settings: { wallets } });
    expect(examined.problems.map(({ message }) => /None of (\w+) is/.exec(message)?.[1])).toEqual([
      "manifest",
    ]);
    expect(actionsOf(examined)).toEqual({ card: "create", plain: "create", read: "none" });
  });

  it("plans no typed agent on a wallet without an address, and all others", async () => {
    await using service = await startService({ world: NEXT_RELEASE, chainSpeed: "instant" });
    const examined = await examine(service.url, declare(typed));
    expect(examined.problems.map(({ message }) => /None of (\w+) is/.exec(message)?.[1])).toEqual(["card"]);
    expect(actionsOf(examined)).toEqual({ plain: "create" });
  });

  it.each(["RegistrationFailed", "DeregistrationConfirmed"])(
    "shows %s though the wallet holds the token",
    async (state) => {
      await using service = await startService();
      const [agent] = declare({ a: {} });
      if (!agent) throw new Error("an agent was declared");
      const { id } = await register(service.url, agent);
      const [row] = await service.rows();
      await service.patch(id, { state });
      expect(codes(await examine(service.url, [agent]))).toEqual(["REGISTRY_INCONSISTENT"]);
      await service.hold(row?.agentIdentifier, null);
      expect(actionsOf(await examine(service.url, [agent]))).toEqual({ a: "create" });
    },
  );

  it("is asked for its wallets only if an agent is not listed", async () => {
    await using service = await startService();
    const agents = declare(declared);
    await registerAll(service, agents);
    await service.resetRequests();
    await examine(service.url, agents);
    expect(await service.requests()).not.toHaveProperty("GET /registry/wallet");
    await examine(service.url, declare({ ...declared, c: {} }));
    expect(await service.requests()).toMatchObject({ "GET /registry/wallet": 2 });
  });

  it("of which nobody tells what the wallet holds is not believed, as up does not", async () => {
    await using service = await startService();
    const agents = declare({ a: {} });
    await service.fault({ kind: "chain-down", route: "GET /registry/wallet", count: 99 });
    const { problems } = await examine(service.url, agents);
    expect(problems).toMatchObject([
      {
        code: "REGISTRY_INCONSISTENT",
        message: expect.stringMatching(`${V2.vkey} holds a token of it cannot be told`),
      },
    ]);
    // With an address, the balance there says as much.
    const settings = { wallets: [{ ...V2, address: addressOf(V2.vkey) }] };
    expect(actionsOf(await examine(service.url, agents, { settings }))).toEqual({ a: "create" });
  });

  it("of a release that has neither count nor wallets is believed", async () => {
    await using service = await startService({ chainSpeed: "instant", world: WORLDS["release 0.20"] });
    const settings = { wallets: [{ vkey: V1.vkey, type: "V1" }] };
    const fixed = { payment: "V1", pricing: { fixed: ["3 ADA"] } };
    const examined = await examine(service.url, declare({ a: fixed }), { settings });
    expect(actionsOf(examined)).toEqual({ a: "create" });
  });
});

describe("a request whose outcome is unknown", () => {
  async function withNote(age: number, use: (projectRoot: string, service: Service) => Promise<void>) {
    await using service = await startService();
    const projectRoot = mkdtempSync(join(tmpdir(), "masumi-notes-"));
    const key = { url: service.url, network: "Preprod", marker: marker(OWNER, "a") } as const;
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - age });
    await new IntentNotes(projectRoot).write(key, "a", {});
    vi.useRealTimers();
    try {
      await use(projectRoot, service);
    } finally {
      rmSync(projectRoot, { recursive: true });
    }
  }

  it("keeps the agent from being registered again, until it is listed or a person settles it", () =>
    withNote(60_000, async (projectRoot, service) => {
      const agents = declare({ a: {}, b: {} });
      const { problems, plan } = await examine(service.url, agents, { projectRoot });
      expect(problems.map(({ message }) => message)).toEqual([
        expect.stringMatching(/^REGISTRATION_UNSETTLED: The registration of a was requested at 20\S+Z/),
      ]);
      expect(plan.agents.map(({ agent }) => agent.id)).toEqual(["b"]);
      const settled = await examine(service.url, agents, { projectRoot, forget: "a" });
      expect(actionsOf(settled)).toEqual({ a: "create", b: "create" });
      for (const agent of agents) await register(service.url, agent);
      expect(actionsOf(await examine(service.url, agents, { projectRoot }))).toEqual({
        a: "none",
        b: "none",
      });
    }));

  it("is waited for by the run that follows at once, and said before", () =>
    withNote(1_000, async (projectRoot, service) => {
      const { problems, plan } = await examine(service.url, declare({ a: {} }), { projectRoot });
      expect(problems).toEqual([]);
      expect(planWarnings(plan, configOf("http://127.0.0.1/api/v1"))).toEqual([
        expect.stringMatching(/registration of a was requested/),
      ]);
    }));
});

describe("which of several live registrations counts", () => {
  it("the one that shows what is declared, as after an interrupted V1 replacement: nothing is announced that up would not do", async () => {
    await using service = await startService();
    const [before] = declare({ a: { payment: "V1" } });
    const [after] = declare({ a: { payment: "V1", pricing: { fixed: ["4 ADA"] } } });
    if (!before || !after) throw new Error("an agent was declared");
    const old = await register(service.url, before);
    const anew = await register(service.url, after);
    const { plan, problems } = await examine(service.url, [after]);
    expect(problems).toEqual([]);
    expect(plan.agents).toMatchObject([{ action: "none", row: { id: anew.id }, spare: [{ id: old.id }] }]);
    expect(duplicateWarnings(plan)).toEqual([
      expect.stringMatching(
        `Registration ${anew.id} is kept. If the stack's state still has ${old.id} .*up deregisters .* if not, deregister it in`,
      ),
    ]);
    expect(summaryOf(plan)).toBe("On the chain: nothing to do.");
  });

  it.each<[what: string, state: (old: string, anew: string) => Partial<ExamineOptions>]>([
    ["still has the old one", (old) => ({ inState: new Set([old]) })],
    [
      "has replaced the old one, and not removed it",
      (old, anew) => ({ inState: new Set([anew]), pendingDeletes: new Set([old]) }),
    ],
  ])(
    "if the state %s, its removal is an action with a price, and in the checksum",
    async (_what, stateOf) => {
      await using service = await startService();
      const [before] = declare({ a: { payment: "V1" } });
      const after = declare({ a: { payment: "V1", pricing: { fixed: ["4 ADA"] } } });
      if (!before || !after[0]) throw new Error("an agent was declared");
      const old = await register(service.url, before);
      const anew = await register(service.url, after[0]);
      const double = await register(service.url, after[0]);
      const state = stateOf(old.id, anew.id);
      const { plan, problems, checksum } = await examine(service.url, after, state);
      expect(problems).toEqual([]);
      expect(plan.agents).toMatchObject([
        {
          action: "none",
          row: { id: anew.id },
          spare: [{ id: double.id }],
          removals: [{ row: { id: old.id } }],
        },
      ]);
      expect(summaryOf(plan)).toMatch(
        /^On the chain: 1 to deregister. About 0.\d+ ADA in fees, 5 ADA released.$/,
      );
      expect(planWarnings(plan, configOf(service.url))).toEqual([
        expect.stringMatching(
          `^up deregisters the old registration ${old.id} of a .* about 0.\\d+ ADA\\) and keeps registration ${anew.id}: `,
        ),
      ]);
      expect(duplicateWarnings(plan)).toEqual([
        expect.stringMatching(
          `^a is registered 2 times. Registration ${anew.id} is kept. Deregister ${double.id} .* in the payment service; up does not.$`,
        ),
      ]);
      expect((await examine(service.url, after)).checksum).not.toBe(checksum);
      expect((await examine(service.url, after, state)).checksum).toBe(checksum);
    },
  );

  it("an old registration that up removes counts against the limit, like any other", async () => {
    await using service = await startService();
    const ids = ["a", "b", "c", "d"];
    const four = (price: string) =>
      declare(Object.fromEntries(ids.map((id) => [id, { payment: "V1", pricing: { fixed: [price] } }])));
    const old = [];
    for (const agent of four("3 ADA")) old.push(await register(service.url, agent));
    for (const agent of four("4 ADA")) await register(service.url, agent);
    const inState = new Set(old.map(({ id }) => id));
    const { problems } = await examine(service.url, four("4 ADA"), { inState });
    expect(problems).toMatchObject([
      {
        code: "DEREGISTRATION_LIMIT",
        message: expect.stringMatching(
          `would burn 4 registrations .*\n  - a \\(registration ${old[0]?.id}\\): it was replaced in an earlier run\n`,
        ),
      },
    ]);
    const allowed = { settings: { allowDeregister: ids } };
    expect((await examine(service.url, four("4 ADA"), { inState, ...allowed })).problems).toEqual([]);
  });

  it("of several that show something else, the one in the state is replaced, as up does", async () => {
    await using service = await startService();
    const listed = (price: string) => declare({ a: { payment: "V1", pricing: { fixed: [price] } } });
    const rows = [];
    for (const agent of [...listed("3 ADA"), ...listed("4 ADA")])
      rows.push(await register(service.url, agent));
    const [older, younger] = rows.map(({ id }) => id);
    const inState = new Set([younger ?? ""]);
    expect((await examine(service.url, listed("5 ADA"), { inState })).plan.agents).toMatchObject([
      { action: "replace", row: { id: younger }, spare: [{ id: older }], removals: [] },
    ]);
    // It was made by a run that did not live to note it, and shows what nobody declares any more.
    const stray = await examine(service.url, listed("5 ADA"), { inState: new Set([older ?? ""]) });
    expect(stray.problems).toMatchObject([
      { code: "OWN_REGISTRATION_DIFFERS", message: expect.stringContaining(younger ?? "?") },
    ]);
  });

  it("of equal ones the oldest, unless the state has another", async () => {
    await using service = await startService();
    const agents = declare({ a: {} });
    const rows = [];
    for (const agent of [...agents, ...agents]) rows.push(await register(service.url, agent));
    const [older, younger] = rows.map(({ id }) => id);
    const stateless = await examine(service.url, agents);
    expect(stateless.plan.agents).toMatchObject([{ row: { id: older }, spare: [{ id: younger }] }]);
    const inState = new Set([younger ?? ""]);
    const { plan } = await examine(service.url, agents, { inState });
    expect(plan.agents).toMatchObject([{ row: { id: younger }, spare: [{ id: older }] }]);
  });

  it("one that the state does not have is taken over as it is, or refused as up refuses it", async () => {
    await using service = await startService();
    const [before] = declare({ a: {} });
    if (!before) throw new Error("an agent was declared");
    const row = await register(service.url, before);
    const changed = declare({ a: { description: "Answers otherwise." } });
    const inState = new Set<string>();
    expect((await examine(service.url, [before], { inState })).problems).toEqual([]);
    expect((await examine(service.url, changed, { inState })).problems).toMatchObject([
      { code: "OWN_REGISTRATION_DIFFERS", message: expect.stringContaining(row.id) },
    ]);
    expect(actionsOf(await examine(service.url, changed))).toEqual({ a: "update description" });
    expect((await examine(service.url, changed, { inState: new Set([row.id]) })).problems).toEqual([]);
    const adopting = declare({ a: { description: "Answers otherwise.", adopt: row.id } });
    expect((await examine(service.url, adopting, { inState })).problems).toEqual([]);
  });

  it("none of two on wallets that may both keep the agent: a run that does not see the state could burn the wrong one", async () => {
    await using service = await startService();
    const [one] = declare({ a: { payment: "V1" } });
    const [other] = declare({ a: { payment: "V2" } });
    if (!one || !other) throw new Error("an agent was declared");
    const older = await register(service.url, one);
    const younger = await register(service.url, other);
    for (const options of [{}, { inState: new Set([younger.id]) }]) {
      const { plan, problems } = await examine(service.url, declare({ a: {} }), options);
      expect(plan.agents).toEqual([]);
      expect(problems).toMatchObject([{ code: "DOUBLE_ON_OTHER_WALLET" }]);
      for (const id of [older.id, younger.id]) expect(problems[0]?.message).toContain(id);
    }
    const { plan, problems } = await examine(service.url, declare({ a: { wallet: V2.vkey } }));
    expect(problems).toEqual([]);
    expect(plan.agents).toMatchObject([{ action: "none", row: { id: younger.id } }]);
  });

  it("not one on a wallet that the agent has left", async () => {
    await using service = await startService();
    const agents = declare({ a: {} });
    for (const agent of agents) await register(service.url, agent);
    const [moved] = declare({ a: { wallet: V1.vkey, payment: "V1" } });
    if (!moved) throw new Error("an agent was declared");
    const anew = await register(service.url, moved);
    expect((await examine(service.url, [moved])).plan.agents).toMatchObject([
      { action: "none", row: { id: anew.id } },
    ]);
  });
});
