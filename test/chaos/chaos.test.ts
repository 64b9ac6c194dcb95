import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type OutsideAgents, startOutsideAgents } from "../helpers/outside-agents.ts";
import { type Agent, markerOf, vkeyOf } from "./agents.ts";
import { runCampaign } from "./campaign.ts";
import { type Bundle, HostPool, bundleProvider } from "./host.ts";
import type { RunRecord } from "./ledger.ts";
import { Life } from "./life.ts";
import type { Kill, LifePlan, RunPlan } from "./plan.ts";
import { Tally } from "./tally.ts";

vi.setConfig({ testTimeout: 60_000 });

/** Seed of a life whose first run is over soon, and in which ada is a V2 agent. */
const QUICK = "q2";
const CARELESS = fileURLToPath(new URL("fixtures/careless-host.ts", import.meta.url));

let agents: OutsideAgents;
let bundle: Bundle;
let pool: HostPool;
beforeAll(async () => {
  agents = await startOutsideAgents();
  bundle = await bundleProvider();
  pool = new HostPool(bundle, 1);
});
afterAll(async () => {
  await pool.close();
  bundle.remove();
  await agents.close();
});

describe("a provider host that is killed at a request", () => {
  it("costs no second registration, loses no row, and leaves a state that the next run can use", async () => {
    const tally = new Tally();
    const losses = await runCampaign({ runs: 7, seed: "fixed", bundle, tally, lanes: 4 });
    expect(losses).toEqual([]);
    expect(tally.of("runs")).toBe(7);
    expect(tally.of("runs with a kill")).toBeGreaterThan(3);
  }, 120_000);
});

describe("lives that were lost once, for good", () => {
  it.each([
    ["a V1 replacement whose new registration fails on the chain", "one", 6, 4],
    ["a failed registration made anew, and a kill before the state has it", "find", 917, 1],
    ["the same, killed before the answer", "find", 63_130, 1],
  ])(
    "%s",
    async (_what, seed, life, runs) => {
      expect(
        await runCampaign({ runs, seed, life, bundle, tally: new Tally(), lanes: 1, kinds: ["standard"] }),
      ).toEqual([]);
    },
    60_000,
  );
});

/** The kills of a replacement's two halves, each before, at and after its request; and how the agent is listed. */
const HALVES: readonly (readonly [what: string, listing: Agent["listing"], kill: Kill])[] = [
  ["before it registers anew", "openapi", { which: "write", nth: 1, phase: "unsent", ms: 0 }],
  ["when the service gets that late", "a2a", { which: "write", nth: 1, phase: "late", ms: 300 }],
  ["before it hears that it is registered", "x402", { which: "write", nth: 1, phase: "unanswered", ms: 0 }],
  ["before the state knows", "openapi", { phase: "unsaved", nth: 1 }],
  ["when the state knows the new one", "a2a", { phase: "unsaved", nth: 2 }],
  ["before it burns the old one", "x402", { which: "write", nth: 2, phase: "unsent", ms: 0 }],
  ["before it hears that it is burned", "openapi", { which: "write", nth: 2, phase: "unanswered", ms: 0 }],
];

describe("a host that is killed between the two halves of a typed replacement", () => {
  const ADA: Agent = { id: "ada", resource: "ada", type: "V2", listing: "standard", price: 5_000_000 };
  const WORLD = { chainSpeed: 4_000, clockSkewSeconds: 0, shuffle: false } as const;
  const ONE_OF_EACH = { losses: [], kills: 1, mints: 2, burns: 1 };

  /** Registers an agent, and kills the run that replaces it: losses are more or less than one live registration, or a run that goes on. */
  async function replaced(before: Agent, after: Agent, kill: Kill, world: Partial<LifePlan> = WORLD) {
    const tally = new Tally();
    const life = await Life.start({ seed: "halves", index: 0, pool, agentsUrl: agents.url, tally, world });
    const plan = (agent: Agent, attempts: RunPlan["attempts"]): RunPlan => {
      const expected = [{ agent, fate: "new" as const }];
      return { edits: [], operation: "up", losesState: false, agents: [agent], expected, attempts };
    };
    try {
      const losses = [
        await life.run(undefined, plan(before, [])),
        await life.run(undefined, plan(after, [{ kill, faults: [] }])),
      ].flatMap((loss) => loss?.complaints ?? []);
      const kills = tally.of("runs with a kill");
      return { losses, kills, mints: tally.of("mints"), burns: tally.of("burns") };
    } finally {
      await life.end();
    }
  }

  it.each(HALVES)(
    "leaves one live registration, and none too many: %s (%s)",
    async (_what, listing, kill) => {
      const before = { ...ADA, listing };
      expect(await replaced(before, { ...before, price: 6_000_000 }, kill)).toEqual(ONE_OF_EACH);
    },
  );

  it.each([
    ["standard", "a2a"],
    ["x402", "standard"],
  ] as const)("and where its type changes: from %s to %s", async (from, to) => {
    for (const kill of [
      { phase: "unsaved", nth: 1 },
      { which: "write", nth: 2, phase: "unsent", ms: 0 },
    ] as const) {
      const before = { ...ADA, listing: from };
      expect(await replaced(before, { ...before, listing: to }, kill)).toEqual(ONE_OF_EACH);
    }
  });

  it.each(["create-first", "delete-first"] as const)(
    "and on V1, in either order: %s",
    async (v1Replacement) => {
      const before: Agent = { ...ADA, type: "V1", listing: "openapi" };
      for (const nth of [1, 2]) {
        const kill = { which: "write", nth, phase: "unanswered", ms: 0 } as const;
        const world = { ...WORLD, v1Replacement };
        expect(await replaced(before, { ...before, price: 6_000_000 }, kill, world)).toEqual(ONE_OF_EACH);
      }
    },
  );
});

describe("a loss is seen", () => {
  it("when a provider registers without looking", async () => {
    const careless = await bundleProvider(CARELESS);
    try {
      const losses = await runCampaign({
        runs: 12,
        seed: "fixed",
        bundle: careless,
        tally: new Tally(),
        lanes: 4,
      });
      expect(losses.flatMap(({ complaints }) => complaints).join("\n")).toMatch(
        /[2-9] live registrations instead of 1/,
      );
      expect(losses[0]?.again).toMatch(/^npm run chaos -- --seed fixed --life \d+ --runs \d+$/);
    } finally {
      careless.remove();
    }
  }, 120_000);

  it.each<[what: string, meddle: (ledger: RunRecord) => Promise<void>, said: RegExp]>([
    ["another live row of an agent", addRow, /ada: 2 live registrations instead of 1/],
    [
      "a row that is gone",
      (ledger) => change(ledger, { state: "DeregistrationConfirmed" }),
      /ada: 0 live registrations instead of 1/,
    ],
    [
      "a row with other content",
      (ledger) => change(ledger, { name: "Somebody" }),
      /ada: row \w+ is named Somebody/,
    ],
    [
      "a row that is not confirmed",
      (ledger) => change(ledger, { state: "UpdateFailed" }),
      /ada: row \w+ is UpdateFailed/,
    ],
    [
      "a live row without our mark",
      (ledger) => change(ledger, { Tags: ["chaos"] }),
      /row \w+ \(\w+\) belongs to no agent/,
    ],
    [
      "a token more than rows",
      (ledger) => change(ledger, { state: "RegistrationFailed" }),
      /tokens are on the chain for \d live rows/,
    ],
  ])("%s", async (_what, meddle, said) => {
    const life = await Life.start({
      seed: QUICK,
      index: 0,
      pool,
      agentsUrl: agents.url,
      tally: new Tally(),
    });
    try {
      const loss = await life.run(meddle);
      expect(loss?.complaints.join("\n")).toMatch(said);
    } finally {
      await life.end();
    }
  });
});

const ADA = { id: "ada", type: "V2" } as const;

async function adasRow(ledger: RunRecord) {
  const row = (await ledger.rows()).find(({ Tags }) => Tags.includes(markerOf(ADA)));
  if (!row) throw new Error("ada has no row");
  return row;
}

async function change(ledger: RunRecord, fields: object): Promise<void> {
  await ledger.patch((await adasRow(ledger)).id, fields);
}

async function addRow(ledger: RunRecord): Promise<void> {
  const { name, apiBaseUrl, Tags } = await adasRow(ledger);
  await ledger.insert({
    wallet: vkeyOf(ADA),
    state: "RegistrationConfirmed",
    name,
    apiBaseUrl,
    Tags,
    description: "",
  });
}
