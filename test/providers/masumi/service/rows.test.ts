import { afterAll, expect, test } from "vitest";
import { MasumiClient } from "../../../../providers/masumi/service/client/client.ts";
import { ownRows, readRows } from "../../../../providers/masumi/service/reads/rows.ts";
import { marker } from "../../../../providers/masumi/service/marker.ts";
import { OWNER, V1, inputsOf } from "../inputs.ts";
import { startRun } from "../run.ts";
import { startAgent } from "../servers.ts";
import { WORLDS, startService } from "../service.ts";

const agent = await startAgent();
afterAll(() => agent[Symbol.asyncDispose]());

const readOwn = async (url: string, scope: { token?: string; walletAddresses?: string[] } = {}) => {
  const { token = "sandbox-read-key", walletAddresses } = scope;
  return ownRows(
    await readRows(new MasumiClient({ url, token }), { network: "Preprod", walletAddresses }),
    OWNER,
  );
};
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

    const rows = await readOwn(service.url);
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

    const byAddress = await readOwn(service.url, { walletAddresses: [V1.address] });
    expect(byAddress.map(({ id }) => id)).toEqual([failed.id, first.id]);
  },
);

test.concurrent.each(["release 0.20", "release 0.21"] as const)(
  "a %s gives ten rows a page and is read to its end",
  async (release) => {
    await using service = await startService({ world: WORLDS[release], chainSpeed: 0 });
    for (let index = 0; index < 31; index += 1) {
      await service.insert(foreignRow({ Tags: [marker(OWNER, `agent-${index}`)] }));
    }
    expect(await readOwn(service.url, { token: "sandbox-pay-key" })).toHaveLength(31);
  },
);

test.concurrent("several pages are read to their end, by every list", async () => {
  await using service = await startService({ chainSpeed: 0 });
  for (let index = 0; index < 215; index += 1) {
    await service.insert(foreignRow({ Tags: [marker(OWNER, `agent-${index}`)] }));
  }
  const all = await readOwn(service.url);
  expect(new Set(all.map((row) => row.marker)).size).toBe(215);
  expect(await readOwn(service.url, { walletAddresses: [V1.address] })).toEqual(all);
});
