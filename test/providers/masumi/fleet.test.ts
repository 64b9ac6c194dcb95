import { afterAll, expect, test } from "vitest";
import { MasumiClient } from "../../../providers/masumi/client.ts";
import { readFleet } from "../../../providers/masumi/fleet.ts";
import { marker } from "../../../providers/masumi/marker.ts";
import { OWNER, V1, V2, inputsOf } from "./inputs.ts";
import { startRun } from "./run.ts";
import { startAgent } from "./servers.ts";
import { WORLDS, startService } from "./service.ts";

const agent = await startAgent();
afterAll(() => agent[Symbol.asyncDispose]());

const clientOf = (url: string) => new MasumiClient({ url, token: "sandbox-read-key" });
const scope = { network: "Preprod", owner: OWNER, walletVkeys: [V1.vkey, V2.vkey] } as const;
const foreignRow = (changes: object) => ({
  wallet: V1.vkey,
  name: "x",
  description: "",
  apiBaseUrl: "https://x.example",
  Tags: ["x"],
  AgentPricing: { pricingType: "Free" },
  ...changes,
});

test.concurrent(
  "the fleet is every row with our marker, V1 and V2, in any state, newest first; a Read key is enough",
  async () => {
    await using service = await startService({ chainSpeed: 0 });
    const run = startRun(service.url);
    const listing = { apiBaseUrl: agent.url };
    const first = await run.create(
      inputsOf({ agentId: "first", wallet: V1, listing: { ...listing, name: "First" } }),
    );
    const second = await run.create(inputsOf({ agentId: "second", listing: { ...listing, name: "Second" } }));
    const failed = await service.insert(
      foreignRow({ Tags: [marker(OWNER, "third")], state: "RegistrationFailed", error: "boom" }),
    );
    await service.insert(foreignRow({ Tags: ["x"] }));
    await service.insert(foreignRow({ Tags: [marker("another owner", "first")] }));

    const rows = await readFleet(clientOf(service.url), scope);
    expect(rows.map(({ id, marker, type, state, error }) => ({ id, marker, type, state, error }))).toEqual([
      {
        id: failed.id,
        marker: marker(OWNER, "third"),
        type: "V1",
        state: "RegistrationFailed",
        error: "boom",
      },
      {
        id: second.id,
        marker: marker(OWNER, "second"),
        type: "V2",
        state: "RegistrationRequested",
        error: "",
      },
      { id: first.id, marker: marker(OWNER, "first"), type: "V1", state: "RegistrationRequested", error: "" },
    ]);

    const byAddress = await readFleet(clientOf(service.url), {
      ...scope,
      walletVkeys: [V1.vkey],
      walletAddresses: [V1.address],
    });
    expect(byAddress.map(({ id }) => id)).toEqual([failed.id, first.id]);
  },
);

test.concurrent("rows of wallets outside the pool are not of the fleet", async () => {
  await using service = await startService({ chainSpeed: 0 });
  await service.insert(foreignRow({ Tags: [marker(OWNER, "first")] }));
  expect(await readFleet(clientOf(service.url), { ...scope, walletVkeys: [V2.vkey] })).toEqual([]);
});

test.concurrent.each(["release 0.20", "release 0.21"] as const)(
  "a %s gives ten rows a page and is read to its end",
  async (release) => {
    await using service = await startService({ world: WORLDS[release], chainSpeed: 0 });
    for (let index = 0; index < 31; index += 1) {
      await service.insert(foreignRow({ Tags: [marker(OWNER, `agent-${index}`)] }));
    }
    const client = new MasumiClient({ url: service.url, token: "sandbox-pay-key" });
    expect(await readFleet(client, scope)).toHaveLength(31);
  },
);

test.concurrent("several pages are read to their end, by every list", async () => {
  await using service = await startService({ chainSpeed: 0 });
  for (let index = 0; index < 215; index += 1) {
    await service.insert(foreignRow({ Tags: [marker(OWNER, `agent-${index}`)] }));
  }
  const all = await readFleet(clientOf(service.url), scope);
  expect(new Set(all.map((row) => row.marker)).size).toBe(215);
  expect(await readFleet(clientOf(service.url), { ...scope, walletAddresses: [V1.address] })).toEqual(all);
});
