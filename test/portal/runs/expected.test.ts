import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addAgent, changeAgent, findAgent } from "../../../portal/database/agents.ts";
import { fleetOf } from "../../../portal/database/fleets.ts";
import type { OpenedDatabase } from "../../../portal/database/open.ts";
import { expectedSeconds, noteExpected, speedOf } from "../../../portal/runs/expected.ts";
import { openNewDatabase } from "../database/ready.ts";

const v2 = { vkey: "a".repeat(56), type: "V2" } as const;
const v1 = { vkey: "b".repeat(56), type: "V1" } as const;
const asked = (wallet: typeof v1 | typeof v2) => ({ url: "", masumiId: "", wallet });

describe("the time that the chain is expected to take", () => {
  it.each([
    ["is a transaction's", [asked(v2)], 1, [75]],
    [
      "is the same for five of a wallet of V2",
      Array.from({ length: 6 }, () => asked(v2)),
      1,
      [75, 75, 75, 75, 75, 150],
    ],
    ["grows with each before it of a wallet of V1", [asked(v1), asked(v2), asked(v1)], 1, [75, 75, 150]],
    [
      "is not said of what is confirmed, which nobody waits for",
      [{ ...asked(v1), masumiId: "x" }, asked(v1)],
      1,
      [undefined, 75],
    ],
    ["is shorter where the sandbox's chain is faster", [asked(v2)], speedOf("30"), [2.5]],
    ["is none where it is instant", [asked(v2)], speedOf("instant"), [0]],
    ["is unknown without a wallet", [{ url: "", masumiId: "" }], 1, [undefined]],
  ])("%s", (_, outcomes, speed, seconds) => {
    const expected = expectedSeconds(
      new Map(outcomes.map((outcome, index) => [String(index), outcome])),
      speed,
    );
    expect(outcomes.map((_outcome, index) => expected.get(String(index)))).toEqual(seconds);
  });
});

describe("an agent that the network was asked for", () => {
  let folder: string;
  let opened: OpenedDatabase;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "masumi-portal-expected-"));
    opened = await openNewDatabase(folder);
  });
  afterAll(async () => {
    await opened.database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("is expected at a time, which is said once and not put off", async () => {
    const { database } = opened;
    const fleet = await database.transaction((queries) => fleetOf(queries, "anna", 10));
    await database.transaction((queries) =>
      addAgent(queries, {
        id: "desk",
        userId: "anna",
        fleet,
        template: "support-desk",
        form: { name: "Desk", bio: "", description: "", documents: [] },
        shown: { price: "free", network: "Preprod", input: [] },
      }),
    );
    const expectedAt = async () => (await findAgent(database, "desk"))?.expectedAt;
    const note = () => noteExpected(database, { fleet, outcomes: new Map([["desk", asked(v2)]]), speed: 1 });
    await note();
    expect(await expectedAt()).toBeNull();
    await database.transaction((queries) => changeAgent(queries, "desk", { state: "requested" }));
    const before = Date.now();
    await note();
    const first = await expectedAt();
    expect((first?.getTime() ?? 0) - before).toBeGreaterThanOrEqual(75_000);
    await note();
    expect(await expectedAt()).toEqual(first);
  });
});
