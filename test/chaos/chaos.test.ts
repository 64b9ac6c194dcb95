import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OutsideAgents, startOutsideAgents } from "../helpers/outside-agents.ts";
import { markerOf, vkeyOf } from "./agents.ts";
import { runCampaign } from "./campaign.ts";
import { type Bundle, HostPool, bundleProvider } from "./host.ts";
import type { RunRecord } from "./ledger.ts";
import { Life } from "./life.ts";
import { Tally } from "./tally.ts";

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
      expect(await runCampaign({ runs, seed, life, bundle, tally: new Tally(), lanes: 1 })).toEqual([]);
    },
    60_000,
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
