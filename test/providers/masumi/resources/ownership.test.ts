import { describe, expect, test } from "vitest";
import { marker } from "../../../../providers/masumi/service/marker.ts";
import { agent, answering, burns, live, posts } from "../agent.ts";
import { V1, V2, failureOf } from "../inputs.ts";
import { startRun } from "../run.ts";
import { startEngine } from "../servers.ts";
import { startService } from "../service.ts";
import { Stack } from "../stack.ts";

describe.concurrent.each([V1, V2])("one agent, one registration ($type)", (wallet) => {
  const inputs = answering({ wallet });

  test("a renamed file keeps the registration", async () => {
    await using service = await startService();
    const stack = new Stack(service);
    await stack.up({ before: inputs });
    const { before } = stack.ids;
    await stack.up({ after: inputs });
    expect(stack.ids).toEqual({ after: before });
    expect([await posts(service), await burns(service)]).toEqual([1, 0]);
  });

  test("a renamed file, and a kill between taking over and removing: the next up removes nothing", async () => {
    await using service = await startService();
    const stack = new Stack(service);
    await stack.up({ before: inputs });
    await stack.up({ after: inputs }, { killedBeforeDeletes: true });
    expect(Object.keys(stack.ids)).toEqual(["before", "after"]);
    await stack.up({ after: inputs });
    expect(Object.keys(stack.ids)).toEqual(["after"]);
    expect([await posts(service), await burns(service)]).toEqual([1, 0]);
    await stack.destroy();
    expect([await live(service), await burns(service)]).toEqual([[], 1]);
  });

  test("a kill between taking over and removing, then a destroy: both entries go, with one burn", async () => {
    await using service = await startService();
    const stack = new Stack(service);
    await stack.up({ before: inputs });
    await stack.up({ after: inputs }, { killedBeforeDeletes: true });
    await stack.destroy();
    expect(stack.entries).toEqual([]);
    expect([await live(service), await posts(service), await burns(service)]).toEqual([[], 1, 1]);
  });

  test("a renamed id is another agent: it is registered, then the old one is burned", async () => {
    await using service = await startService();
    const stack = new Stack(service);
    await stack.up({ before: answering({ wallet, agentId: "before" }) });
    const old = stack.ids["before"];
    await stack.up({ after: answering({ wallet, agentId: "after" }) });
    const rows = await live(service);
    expect(rows).toMatchObject([{ id: stack.ids["after"], name: inputs.listing.name }]);
    expect(rows[0]?.id).not.toBe(old);
    expect(rows[0]?.Tags).toContain(answering({ agentId: "after" }).marker);
    expect([await posts(service), await burns(service)]).toEqual([2, 1]);
  });

  test("--replace, or a taint, of an unchanged agent keeps the registration and burns nothing", async () => {
    await using service = await startService();
    const stack = new Stack(service);
    await stack.up({ agent: inputs });
    const { agent } = stack.ids;
    await stack.up({ agent: inputs }, { replace: ["agent"] });
    expect(stack.entries).toHaveLength(1);
    expect(stack.ids).toEqual({ agent });
    expect([await posts(service), await burns(service)]).toEqual([1, 0]);
  });

  test("--replace of an unchanged agent and a kill in between: the next up, and a destroy, find one registration", async () => {
    await using service = await startService();
    const stack = new Stack(service);
    await stack.up({ agent: inputs });
    await stack.up({ agent: inputs }, { replace: ["agent"], killedBeforeDeletes: true });
    expect(stack.entries).toHaveLength(2);
    await stack.up({ agent: inputs });
    expect(stack.entries).toHaveLength(1);
    expect([await posts(service), await burns(service)]).toEqual([1, 0]);
    await stack.destroy();
    expect([await live(service), await burns(service)]).toEqual([[], 1]);
  });

  test("a lost state changes nothing: the same file finds its registration", async () => {
    await using service = await startService();
    const stack = new Stack(service);
    await stack.up({ agent: inputs });
    const { agent } = stack.ids;
    stack.loseState();
    await stack.up({ agent: inputs });
    expect(stack.ids).toEqual({ agent });
    expect([await posts(service), await burns(service)]).toEqual([1, 0]);
  });

  test("two stacks on one wallet: each has its own, and a destroy takes only its own", async () => {
    await using service = await startService();
    const ours = new Stack(service);
    const theirs = new Stack(service);
    const other = {
      ...inputs,
      marker: marker("another owner", inputs.agentId),
      listing: { ...inputs.listing, apiBaseUrl: `${agent.url}/theirs` },
    };
    await ours.up({ agent: inputs });
    await theirs.up({ agent: other });
    expect(await live(service)).toHaveLength(2);
    await ours.up({ agent: inputs });
    await theirs.up({ agent: other });
    await ours.destroy();
    expect((await live(service)).map(({ id }) => id)).toEqual(Object.values(theirs.ids));
    expect([await posts(service), await burns(service)]).toEqual([2, 1]);
  });

  test("two stacks with the same URL: the second one is refused", async () => {
    await using service = await startService();
    await new Stack(service).up({ agent: inputs });
    const theirs = new Stack(service).up({
      agent: { ...inputs, marker: marker("another owner", inputs.agentId) },
    });
    expect(await failureOf(theirs)).toMatchObject({ code: "FOREIGN_REGISTRATION" });
    expect(await posts(service)).toBe(1);
  });
});

describe.concurrent("a replacement on V1", () => {
  const before = answering({ wallet: V1 });

  test.each([
    ["create-first", 2],
    ["delete-first", 1],
  ] as const)("in the order %s ends with the new registration alone", async (v1Replacement, mostLive) => {
    await using service = await startService();
    const stack = new Stack(service);
    await stack.up({ agent: before });
    const old = stack.ids["agent"];
    const after = answering({ wallet: V1, v1Replacement, listing: { name: "Renamed" } });
    await stack.up({ agent: after }, { killedBeforeDeletes: true });
    expect(await live(service)).toHaveLength(mostLive);
    await stack.up({ agent: after });
    expect(await live(service)).toMatchObject([{ id: stack.ids["agent"], name: "Renamed" }]);
    expect(stack.ids["agent"]).not.toBe(old);
    expect([await posts(service), await burns(service)]).toEqual([2, 1]);
    await stack.up({ agent: after });
    expect([await posts(service), await burns(service)]).toEqual([2, 1]);
  });
});

describe.concurrent("whose row is it", () => {
  const foreignRow = (changes: object = {}) => ({
    wallet: V1.vkey,
    name: "Somebody's",
    description: "",
    apiBaseUrl: agent.url,
    Tags: ["theirs"],
    AgentPricing: { pricingType: "Free" },
    state: "RegistrationConfirmed",
    ...changes,
  });

  test("a foreign registration of the same URL and wallet is refused, and taken over when it is named", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { id } = await service.insert(foreignRow());
    const inputs = answering({
      wallet: V1,
      listing: {
        name: "Somebody's",
        description: "",
        tags: ["theirs"],
        capability: { name: "", version: "" },
        author: { name: "Somebody else" },
        legal: {},
        pricing: { type: "free" },
        exampleOutputs: [],
      },
    });
    const failure = await failureOf(startRun(service.url).create(inputs));
    expect(failure.code).toBe("FOREIGN_REGISTRATION");
    expect(failure.remedy).toContain(`adopt: ${id}`);
    const adopted = await startRun(service.url).create({ ...inputs, adopt: id });
    expect(adopted).toMatchObject({ id, outs: { marker: "" } });
    expect(await posts(service)).toBe(0);

    const next = startRun(service.url);
    expect(await next.diff(id, adopted.outs, { ...inputs, adopt: id })).toMatchObject({ changes: false });
  });

  test("a V1 registration that was taken over without our mark is replaced when its content changes", async () => {
    await using service = await startService();
    const theirs = { ...answering({ wallet: V1 }), marker: marker("somebody else", "theirs") };
    const { id } = await startRun(service.url).create(theirs);
    const declared = { ...answering({ wallet: V1 }), adopt: id };
    const stack = new Stack(service);
    await stack.up({ agent: declared });
    expect([stack.ids, await posts(service)]).toEqual([{ agent: id }, 1]);
    await stack.up({ agent: { ...declared, listing: { ...declared.listing, pricing: { type: "free" } } } });
    const rows = await live(service);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.id).not.toBe(id);
    expect(rows[0]?.Tags).toContain(declared.marker);
  });

  test("a V2 registration of other content that is named gets the declared content in place", async () => {
    await using service = await startService();
    const { id } = await startRun(service.url).create(
      answering({ agentId: "other", listing: { name: "Old" } }),
    );
    const inputs = answering({ adopt: id });
    const adopted = await startRun(service.url).create(inputs);
    expect(adopted).toMatchObject({ id, outs: { state: "UpdateRequested", marker: inputs.marker } });
    const [row] = await service.rows();
    expect(row).toMatchObject({ name: "Market Researcher", state: "UpdateConfirmed" });
    expect(row?.Tags).toContain(inputs.marker);
    expect(await posts(service)).toBe(1);
  });

  test("failed and deregistered registrations are left behind, and the agent is registered anew", async () => {
    await using service = await startService();
    const inputs = answering();
    const first = await startRun(service.url).create(inputs);
    await startRun(service.url).remove(first.id, first.outs);
    const second = await startRun(service.url).create(inputs);
    expect(second.id).not.toBe(first.id);
    expect(await live(service)).toHaveLength(1);
  });

  test("our own registration of other content is refused: nothing is minted twice for one agent", async () => {
    await using service = await startService();
    await startRun(service.url).create(answering());
    const changed = answering({ listing: { name: "Renamed" } });
    const failure = await failureOf(startRun(service.url).create(changed));
    expect(failure.code).toBe("OWN_REGISTRATION_DIFFERS");
    expect(await posts(service)).toBe(1);
  });

  test("existing twins are reported and left alone", async () => {
    await using service = await startService({ chainSpeed: 0 });
    await using engine = await startEngine();
    const inputs = answering({ wallet: V1 });
    const { id } = await startRun(service.url).create(inputs);
    const [row] = await service.rows();
    const { id: twin } = await service.insert({ ...twinOf(row), wallet: V1.vkey });
    const adopted = await startRun(service.url, { engine }).create(inputs);
    expect([id, twin]).toContain(adopted.id);
    expect(engine.said()).toContain(adopted.id === id ? twin : id);
    expect(await live(service)).toHaveLength(2);
  });
});

/** The fields of a row that the sandbox takes for a new one. */
function twinOf(row: object | undefined): Record<string, unknown> {
  const taken = [
    "name",
    "description",
    "apiBaseUrl",
    "Capability",
    "Author",
    "Legal",
    "Tags",
    "ExampleOutputs",
    "AgentPricing",
    "state",
  ];
  return Object.fromEntries(Object.entries(row ?? {}).filter(([key]) => taken.includes(key)));
}
