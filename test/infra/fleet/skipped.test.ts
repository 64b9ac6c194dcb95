import { describe, expect, it } from "vitest";
import { findDrift, survey } from "../../../infra/fleet/index.ts";
import { MasumiClient, isOver, marker } from "../../../providers/masumi/service/index.ts";
import { V1, V2 } from "../../providers/masumi/inputs.ts";
import { type Service, startService } from "../../providers/masumi/service.ts";
import {
  NEXT_RELEASE,
  SKIPPED_ROWS,
  STRANGE_ROWS,
  addStrangeRows,
} from "../../providers/masumi/strange-rows.ts";
import { OWNER, configOf, declare, examine, register } from "./stack.ts";

const start = () => startService({ world: NEXT_RELEASE, chainSpeed: "instant" });
const SKIPPED = 2 * SKIPPED_ROWS;

const driftOf = async (service: Service, agents: ReturnType<typeof declare>) => {
  const config = configOf(service.url);
  const client = new MasumiClient({ url: service.url, token: "sandbox-read-key" });
  return findDrift({ config, agents, urlOf: () => undefined, survey: await survey(client, config, agents) });
};

describe("entries of others that nobody understands", () => {
  it.each([
    ["the wallets' own", [V2, V1]],
    ["the whole network's", [{ vkey: V2.vkey, type: "V2" }]],
  ])("are counted and left out of the plan, of %s registrations", async (_what, wallets) => {
    await using service = await start();
    await addStrangeRows(service);
    const agents = declare({ a: {} });
    await register(service.url, agents[0] ?? never());
    const { plan, problems } = await examine(service.url, agents, { settings: { wallets } });
    expect(problems).toEqual([]);
    expect(plan.agents.map(({ action }) => action)).toEqual(["none"]);
    expect(plan.orphans).toEqual([]);
    expect(plan.skipped).toBe(SKIPPED);
  });

  it("are no drift of ours", async () => {
    await using service = await start();
    await addStrangeRows(service);
    const agents = declare({ a: {} });
    await register(service.url, agents[0] ?? never());
    expect(await driftOf(service, agents)).toMatchObject({
      problems: [],
      // Those that are understood are named as other people's.
      agents: [{ status: "same" }],
      orphans: [],
      skipped: SKIPPED,
    });
  });
});

describe("such an entry that may be ours", () => {
  const strange = { wallet: V2.vkey, ...STRANGE_ROWS[0] };

  it.each([
    ["has an agent's mark", { Tags: [marker(OWNER, "a")] }, {}],
    ["has the mark of an agent that no file declares", { Tags: [marker(OWNER, "gone")] }, {}],
    ["is to be taken over", { id: "cmwrr0000000000000000abcd" }, { adopt: "cmwrr0000000000000000abcd" }],
  ])("stops plan and drift by name: %s", async (_what, row, fields) => {
    await using service = await start();
    const { id } = await service.insert({ ...strange, ...row });
    const agents = declare({ a: fields, b: {} });
    const said = [
      expect.objectContaining({
        code: "ENTRY_NOT_UNDERSTOOD",
        message: expect.stringMatching(
          `${id} .*"of a later type".* it is of the type Acp.*Update masumi-agents`,
        ),
      }),
    ];
    const { plan, problems } = await examine(service.url, agents);
    expect(problems).toEqual(said);
    expect(plan.agents.map(({ agent }) => agent.id)).toContain("b");
    expect((await driftOf(service, agents)).problems).toEqual(said);
  });

  it.each([
    ["it is another owner's", { Tags: [marker("another", "a")] }],
    ["it is over", { Tags: [marker(OWNER, "a")], state: "DeregistrationConfirmed" }],
  ])("stops nothing if %s", async (_what, row) => {
    await using service = await start();
    await service.insert({ ...strange, ...row });
    expect(isOver("DeregistrationConfirmed")).toBe(true);
    const { plan, problems } = await examine(service.url, declare({ a: {} }));
    expect(problems).toEqual([]);
    expect(plan.agents.map(({ action }) => action)).toEqual(["create"]);
  });
});

const never = (): never => {
  throw new Error("there is an agent");
};
