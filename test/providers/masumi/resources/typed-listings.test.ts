import { afterAll, describe, expect, test } from "vitest";
import type { Listing } from "../../../../providers/masumi/service/model.ts";
import { startOutsideAgents } from "../../../helpers/outside-agents.ts";
import { burns, live, posts, registered } from "../agent.ts";
import { marker } from "../../../../providers/masumi/service/marker.ts";
import { OWNER, V1, V2, confirmationOf, failureOf, inputsOf } from "../inputs.ts";
import { startRun } from "../run.ts";
import { type Service, startService } from "../service.ts";
import { NEXT_RELEASE, WITH_A2A } from "../strange-rows.ts";

const outside = await startOutsideAgents();
afterAll(() => outside.close());

const start = (world: object = WITH_A2A) => startService({ world, chainSpeed: "instant" });
/** What such a wallet holds is told by its balance alone. */
const wallet = {
  ...V2,
  address:
    "addr_test1qrap97l42hvkd7zgq8rxhr5hqjew50vp4y7cjpvmmxxhuvjaewpauzztla0a4fvcs8ucdkdp2lal4ftvk8hvzzavjchsaulse9",
};
const typed = (type: Listing["type"], listing: Partial<Listing> = {}) =>
  inputsOf({
    wallet,
    listing: { apiBaseUrl: `${outside.url}/agent`, ...(type ? { type } : {}), ...listing },
  });
const updates = async (service: Service) => (await service.requests())["POST /registry/update"] ?? 0;

describe.concurrent.each(["openapi", "x402", "a2a"] as const)("an agent that is listed as %s", (type) => {
  test("is registered once; the same inputs change nothing, and a refresh finds it as it is", async () => {
    await using service = await start();
    const { id, outs, inputs } = await registered(service, typed(type));
    expect(outs).toMatchObject({ listingType: type, apiBaseUrl: `${outside.url}/agent` });
    const run = startRun(service.url);
    expect(await run.diff(id, outs, inputs)).toMatchObject({ changes: false });
    const read = await run.read(id, outs);
    expect(read).toMatchObject({ id, props: { content: outs.content, listingType: type } });
    expect(read).not.toHaveProperty("inputs");
    await startRun(service.url).remove(id, outs);
    expect([await posts(service), await burns(service), await live(service)]).toEqual([1, 1, []]);
  });

  test("is replaced by any change, new one first, and never updated", async () => {
    await using service = await start();
    const { id, outs } = await registered(service, typed(type));
    const changed = typed(type, { description: "Changed." });
    const run = startRun(service.url);
    await run.check(changed);
    expect(await run.diff(id, outs, changed)).toEqual({
      changes: true,
      replaces: ["listing"],
      deleteBeforeReplace: false,
    });
    const created = await run.create(changed);
    await run.confirm(confirmationOf(created.id, changed));
    await run.remove(id, outs);
    expect([await posts(service), await updates(service), await burns(service)]).toEqual([2, 0, 1]);
    expect(await live(service)).toMatchObject([{ id: created.id, description: "Changed." }]);
  });

  test("is found again after a lost answer, and not paid for twice", async () => {
    await using service = await start();
    await service.fault({ route: "POST /registry", kind: "lost-after-write" });
    const { id } = await startRun(service.url).create(typed(type));
    expect(await service.rows()).toMatchObject([{ id }]);
    expect(await posts(service)).toBe(1);
    // A run that was killed before it could keep the id.
    expect(await startRun(service.url).create(typed(type))).toMatchObject({ id });
    expect(await posts(service)).toBe(1);
  });
});

describe.concurrent("a change of the type", () => {
  test.each<[Listing["type"], Listing["type"]]>([
    [undefined, "openapi"],
    ["openapi", undefined],
    ["openapi", "x402"],
    [undefined, "a2a"],
  ])("from %s to %s replaces", async (before, after) => {
    await using service = await start();
    const { id, outs } = await registered(service, typed(before));
    const run = startRun(service.url);
    await run.check(typed(after));
    expect(await run.diff(id, outs, typed(after))).toMatchObject({ replaces: ["listing"] });
    const created = await run.create(typed(after));
    await run.remove(id, outs);
    expect(await live(service)).toMatchObject([{ id: created.id }]);
    expect(await updates(service)).toBe(0);
  });
});

describe.concurrent("a service that does not know the type", () => {
  test.each<[string, object | undefined, Listing["type"]]>([
    ["0.28", undefined, "openapi"],
    ["0.28", undefined, "a2a"],
    ["0.29", NEXT_RELEASE, "a2a"],
  ])("refuses by name before anything is sent: release %s", async (_release, world, type) => {
    await using service = await (world ? start(world) : startService());
    expect(await failureOf(startRun(service.url).create(typed(type)))).toMatchObject({
      code: "LISTING_NOT_SUPPORTED",
      message: expect.stringContaining(`listed as ${type}`),
    });
    expect(await posts(service)).toBe(0);
  });
});

describe.concurrent("a registration that the list lacks", () => {
  test.each(["openapi", "a2a"] as const)(
    "is not paid for again: its token is in the wallet (%s)",
    async (type) => {
      // 0.29 does not tell whose tokens of such agents are.
      await using service = await start(type === "openapi" ? NEXT_RELEASE : WITH_A2A);
      await registered(service, typed(type));
      for (const route of ["GET /registry", "GET /registry/count", "GET /registry/diff"]) {
        await service.fault({ kind: "hide-rows", route, count: 999 });
      }
      expect(await failureOf(startRun(service.url).create(typed(type)))).toMatchObject({
        code: "REGISTRY_INCONSISTENT",
      });
      expect(await posts(service)).toBe(1);
    },
  );
});

test("a wallet whose balance cannot be asked for registers no such agent", async () => {
  await using service = await start();
  const failure = await failureOf(startRun(service.url).create({ ...typed("openapi"), wallet: V2 }));
  expect(failure).toMatchObject({
    code: "REGISTRY_INCONSISTENT",
    message: expect.stringContaining("if it has an address (masumi:wallets)"),
  });
  expect(await posts(service)).toBe(0);
});

describe.concurrent(
  "a token in the wallet that the service cannot read, and of which it lists no registration",
  () => {
    /** By V2's policy; the last three bytes count updates. */
    const stray = (version = "000000") =>
      `67ab0c92c4ac1610895a1c965ee50aba41a8f1513b15240723b3bd0b10${"ab".repeat(28)}${version}`;
    const send = (service: Service, unit = stray()) =>
      service.put(unit, { holder: wallet.address, metadata: { name: 1 } });
    const agent = (agentId: string, type: Listing["type"]) => ({
      ...typed(type),
      agentId,
      marker: marker(OWNER, agentId),
    });

    test("stops an agent whose it may be, and says which token and what to do", async () => {
      await using service = await start(NEXT_RELEASE);
      await send(service);
      const failure = await failureOf(startRun(service.url).create(typed("openapi")));
      expect(failure).toMatchObject({
        code: "REGISTRY_INCONSISTENT",
        message: expect.stringMatching(new RegExp(`cannot read.*${stray()}.*masumi:otherRegistrations`)),
      });
      expect(await posts(service)).toBe(0);
    });

    test.each([
      ["a standard agent", undefined, undefined],
      ["one that is named", "openapi", [stray()]],
      ["one that is named, in capitals and before an update", "x402", [stray("000001").toUpperCase()]],
    ] as const)("does not stop %s", async (_what, type, named) => {
      await using service = await start(NEXT_RELEASE);
      await send(service);
      const config = named ? { "masumi:otherRegistrations": JSON.stringify(named) } : {};
      await startRun(service.url, { config }).create(typed(type));
      expect(await posts(service)).toBe(1);
    });

    test("does not stop an agent of a type that the service reads, and stops the others", async () => {
      await using service = await start(WITH_A2A);
      await registered(service, agent("one", "openapi"));
      await send(service);
      await startRun(service.url).create(agent("two", "openapi"));
      expect(await failureOf(startRun(service.url).create(agent("three", "x402")))).toMatchObject({
        message: expect.stringContaining(stray()),
      });
      expect(await posts(service)).toBe(2);
    });

    test("stops an agent of a type that the service registers, but does not read", async () => {
      await using service = await start(NEXT_RELEASE);
      await registered(service, agent("one", "openapi"));
      await send(service);
      expect(await failureOf(startRun(service.url).create(agent("two", "openapi")))).toMatchObject({
        message: expect.stringContaining(stray()),
      });
      expect(await posts(service)).toBe(1);
    });

    test("does not hide that another is the agent's own", async () => {
      await using service = await start(NEXT_RELEASE);
      const { agentIdentifier } = await registered(service, agent("one", "openapi"));
      await send(service);
      for (const route of ["GET /registry", "GET /registry/count", "GET /registry/diff"])
        await service.fault({ kind: "hide-rows", route, count: 999 });
      const config = { "masumi:otherRegistrations": JSON.stringify([stray()]) };
      expect(
        await failureOf(startRun(service.url, { config }).create(agent("one", "openapi"))),
      ).toMatchObject({
        code: "REGISTRY_INCONSISTENT",
        message: expect.stringContaining(agentIdentifier),
      });
      expect(await posts(service)).toBe(1);
    });
  },
);

test("V1 registers other types than a2a, and check says what it cannot", async () => {
  await using service = await start();
  const v1 = { ...typed("openapi"), wallet: V1, sourceAddress: "" };
  const { outs } = await registered(service, v1);
  expect(outs.listingType).toBe("openapi");
  const { failures } = await startRun(service.url).check({ ...v1, listing: { ...v1.listing, type: "a2a" } });
  expect(failures).toMatchObject([{ property: "listing.type", reason: expect.stringContaining("V2") }]);
});
