import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { RegistrationOutputs } from "../../../../providers/masumi/resources/inputs.ts";
import { answering, numbered, burns, live, posts, registered } from "../agent.ts";
import { outputsOf } from "../entries.ts";
import { V1, V2, V2_SOURCE, confirmationOf, failureOf } from "../inputs.ts";
import { startRun } from "../run.ts";
import { startEngine } from "../servers.ts";
import { type Service, WORLDS, startService } from "../service.ts";

const FORGET = { MASUMI_FORGET_REGISTRATION: "all" };
const INCONSISTENT = { code: "REGISTRY_INCONSISTENT" };

/** Lists lack all rows, or those of agents with a name, until the faults are cleared; counts and wallets tell the truth. */
async function hide(service: Service, name?: string): Promise<void> {
  for (const route of ["GET /registry", "GET /registry/diff"]) {
    await service.fault({ kind: "hide-rows", route, count: 999, ...(name ? { name } : {}) });
  }
}

/** Lists and counts lack all rows, as if there were none. */
async function remove(service: Service): Promise<void> {
  await hide(service);
  await service.fault({ kind: "hide-rows", route: "GET /registry/count", count: 999 });
}

const POLICY = "67ab0c92c4ac1610895a1c965ee50aba41a8f1513b15240723b3bd0b";
const V2_ADDRESS =
  "addr_test1qrap97l42hvkd7zgq8rxhr5hqjew50vp4y7cjpvmmxxhuvjaewpauzztla0a4fvcs8ucdkdp2lal4ftvk8hvzzavjchsaulse9";

/** A registration that somebody else has made with the same wallet. */
const rowOf = (index: number) => ({
  wallet: V2.vkey,
  name: `Other ${index}`,
  description: "",
  apiBaseUrl: `https://other.example/${index}`,
  Tags: ["x"],
  supportedPaymentSources: [
    {
      chain: "Cardano",
      network: "Preprod",
      paymentSourceType: "Web3CardanoV2",
      address: V2_SOURCE,
      pricing: { pricingType: "Free" },
    },
  ],
});

/** What a state has that was written right after the request: no identifier, nothing confirmed. */
const asRequested = (outs: RegistrationOutputs): RegistrationOutputs => ({
  ...outs,
  state: "RegistrationRequested",
  agentIdentifier: "",
});

describe.concurrent("a refresh while the lists lack live rows", () => {
  test.each([V1, V2])("drops none, though the state does not know its token yet ($type)", async (wallet) => {
    await using service = await startService();
    const { id, outs } = await registered(service, answering({ wallet }));
    await hide(service);
    const failure = await failureOf(startRun(service.url).read(id, asRequested(outs)));
    expect(failure).toMatchObject(INCONSISTENT);
    expect(failure.message).toMatch(`does not list registration ${id}, but its token is on the chain`);
    expect(failure.message).toContain("MASUMI_FORGET_REGISTRATION=market-researcher");
  });

  test("drops none of three, nor their confirmations", async () => {
    await using service = await startService();
    const three = await Promise.all([1, 2, 3].map((index) => registered(service, numbered(index))));
    const before = startRun(service.url);
    const confirmed = await Promise.all(
      three.map(({ id, inputs }) => before.confirm(confirmationOf(id, inputs))),
    );
    await hide(service);
    const run = startRun(service.url);
    const failures = three.map(({ id, outs }) => failureOf(run.read(id, outs)));
    // Each is refused once: its confirmation stays as it was, without a word.
    for (const props of confirmed) {
      const { registrationId: id } = props;
      expect(await run.readConfirmation(id, props)).toMatchObject({ id, props });
    }
    for (const failure of await Promise.all(failures)) expect(failure).toMatchObject(INCONSISTENT);
  });

  test("is believed by a person's word alone", async () => {
    await using service = await startService();
    const { id, outs } = await registered(service);
    await hide(service);
    expect(await startRun(service.url, { env: FORGET }).read(id, outs)).toEqual({ id: "" });
  });

  test("asks by its own token where the wallet cannot be asked", async () => {
    await using service = await startService();
    const { id, outs, agentIdentifier } = await registered(service, answering({ wallet: V1 }));
    await hide(service);
    await service.fault({ kind: "chain-down", route: "GET /registry/wallet", count: 99 });
    const known = { ...outs, agentIdentifier };
    expect(await failureOf(startRun(service.url).read(id, known))).toMatchObject(INCONSISTENT);
    await service.hold(agentIdentifier, null);
    expect(await startRun(service.url).read(id, known)).toEqual({ id: "" });
  });

  test("cannot tell without the chain, and drops nothing then", async () => {
    await using service = await startService();
    const { id, outs } = await registered(service);
    await hide(service);
    await service.fault({ kind: "chain-down", route: "GET /registry/wallet", count: 99 });
    const failure = await failureOf(startRun(service.url).read(id, asRequested(outs)));
    expect(failure).toMatchObject(INCONSISTENT);
    expect(failure.message).toContain("cannot be told");
  });

  test("of a release without these routes drops nothing either", async () => {
    await using service = await startService({ chainSpeed: "instant", world: WORLDS["release 0.20"] });
    const { id, outs } = await registered(service, answering({ wallet: V1 }));
    await hide(service);
    expect(await failureOf(startRun(service.url).read(id, outs))).toMatchObject(INCONSISTENT);
  });
});

describe.concurrent("registrations that are not listed, and whose tokens are not on the chain", () => {
  test("are gone if it is one", async () => {
    await using service = await startService();
    const { id, outs, agentIdentifier } = await registered(service);
    await remove(service);
    await service.hold(agentIdentifier, null);
    const known = { ...outs, agentIdentifier };
    expect(await startRun(service.url).read(id, known)).toEqual({ id: "" });
  });

  test("may be on their way where the state knows no token, whatever the service counts", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { id, outs } = await startRun(service.url).create(answering());
    await remove(service);
    const failure = await failureOf(startRun(service.url).read(id, outs));
    expect(failure).toMatchObject(INCONSISTENT);
    expect(failure.message).toContain("may still be on its way to the chain");
    expect(await failureOf(startRun(service.url).remove(id, outs))).toMatchObject(INCONSISTENT);
    // Of one that failed, nothing ever gets there.
    const failed = { ...outs, state: "RegistrationFailed" };
    expect(await startRun(service.url).read(id, failed)).toEqual({ id: "" });
  });

  test("are too many to be gone if they are two", async () => {
    await using service = await startService();
    const two = await Promise.all([1, 2].map((index) => registered(service, numbered(index))));
    await remove(service);
    for (const { agentIdentifier } of two) await service.hold(agentIdentifier, null);
    const run = startRun(service.url);
    const reads = two.map(({ id, outs, agentIdentifier }) => run.read(id, { ...outs, agentIdentifier }));
    const failures = await Promise.all(reads.map(failureOf));
    for (const failure of failures) {
      expect(failure).toMatchObject(INCONSISTENT);
      expect(failure.message).toMatch(/no longer lists registration .*, nor 1 other/);
    }
  });
});

describe.concurrent("a state that runs backwards", () => {
  test.each(["RegistrationFailed", "DeregistrationConfirmed"])(
    "to %s while the wallet holds the token: refresh and up refuse, nothing is minted",
    async (state) => {
      await using service = await startService();
      const { id, outs, inputs } = await registered(service);
      await service.patch(id, { state, error: "restored from a backup", agentIdentifier: null });
      expect(await failureOf(startRun(service.url).read(id, asRequested(outs)))).toMatchObject(INCONSISTENT);

      const up = startRun(service.url);
      const news = { ...inputs, recover: [{ rowId: id, state }] };
      expect(await failureOf(up.diff(id, asRequested(outs), news))).toMatchObject(INCONSISTENT);
      expect(await failureOf(up.create(news))).toMatchObject(INCONSISTENT);
      expect(await failureOf(up.remove(id, outs))).toMatchObject(INCONSISTENT);
      expect(await posts(service)).toBe(1);
      expect(await burns(service)).toBe(0);

      const settled = startRun(service.url, { env: FORGET });
      expect(await settled.diff(id, outs, news)).toMatchObject({ replaces: ["recover"] });
      expect((await settled.create(news)).id).not.toBe(id);
    },
  );

  test("is refused also where the chain cannot be asked", async () => {
    await using service = await startService();
    const { id, outs, inputs } = await registered(service);
    await service.patch(id, { state: "RegistrationFailed", agentIdentifier: null });
    await service.fault({ kind: "chain-down", route: "GET /registry/wallet", count: 99 });
    const confirmed = { ...outs, state: "RegistrationConfirmed" };
    expect(await failureOf(startRun(service.url).read(id, confirmed))).toMatchObject(INCONSISTENT);
    const news = { ...inputs, recover: [{ rowId: id, state: "RegistrationFailed" }] };
    expect(await failureOf(startRun(service.url).diff(id, confirmed, news))).toMatchObject(INCONSISTENT);
  });

  test("to DeregistrationConfirmed is no contradiction once the token is burned", async () => {
    await using service = await startService();
    const { id, outs, agentIdentifier } = await registered(service);
    await service.hold(agentIdentifier, null);
    await service.patch(id, { state: "DeregistrationConfirmed" });
    expect(await startRun(service.url).read(id, outs)).toEqual({ id: "" });
  });
});

describe.concurrent("an agent that no list shows", () => {
  test.each([V1, V2])("is not registered while its token is in the wallet ($type)", async (wallet) => {
    await using service = await startService();
    const { inputs, agentIdentifier } = await registered(service, answering({ wallet }));
    await hide(service);
    await service.fault({ kind: "hide-rows", route: "GET /registry/count", count: 99 });
    const failure = await failureOf(startRun(service.url).create(inputs));
    expect(failure).toMatchObject(INCONSISTENT);
    expect(failure.message).toMatch(agentIdentifier.slice(0, -6));
    expect(await posts(service)).toBe(1);
  });

  test.each([V1, V2])("is not registered if a later look shows it ($type)", async (wallet) => {
    await using service = await startService();
    const { id, inputs } = await registered(service, answering({ wallet }));
    // The first look at either list; the wallet's tokens are what makes a run look again.
    await service.fault({ kind: "hide-rows", route: "GET /registry", count: 2 });
    await service.fault({ kind: "hide-rows", route: "GET /registry/count", count: 99 });
    const failure = await failureOf(startRun(service.url).create(inputs));
    expect(failure).toMatchObject(INCONSISTENT);
    expect(failure.message).toContain(`now lists registration ${id}`);
    expect(await posts(service)).toBe(1);
    // The next run finds it.
    expect((await startRun(service.url).create(inputs)).id).toBe(id);
    expect(await posts(service)).toBe(1);
  });

  test("is not registered while the service counts more than it lists", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const inputs = answering();
    await startRun(service.url).create(inputs);
    await hide(service);
    const failure = await failureOf(startRun(service.url).create(inputs));
    expect(failure).toMatchObject(INCONSISTENT);
    expect(failure.message).toContain("counts 1 more");
    expect(await posts(service)).toBe(1);
  });

  test("is registered if only others' tokens are in the wallet", async () => {
    await using service = await startService();
    await registered(service, numbered(1));
    await registered(service, numbered(2));
    expect(await live(service)).toHaveLength(2);
  });
});

describe.concurrent("a wallet with more than a hundred agents", { timeout: 60_000 }, () => {
  /** Confirmed registrations of others in the V2 wallet, whose tokens are in it. */
  async function fill(service: Service, count: number, from = 0): Promise<void> {
    for (let index = from; index < from + count; index += 1) {
      const agentIdentifier = `${POLICY}10${String(index).padStart(56, "0")}000000`;
      await service.put(agentIdentifier, { holder: V2_ADDRESS, metadata: { name: "x", Tags: [] } });
      await service.insert({
        ...rowOf(index),
        state: "RegistrationConfirmed",
        agentIdentifier,
        Tags: [answering({ agentId: `other-${index}` }).marker],
      });
    }
  }

  test("is asked for what it holds in one request, and the next agent is registered", async () => {
    await using service = await startService({ chainSpeed: 0 });
    await fill(service, 120);
    await service.resetRequests();
    const run = startRun(service.url);
    await Promise.all([1, 2, 3].map((index) => run.create(numbered(index))));
    const requests = await service.requests();
    expect(requests).toMatchObject({ "POST /registry": 3, "GET /balance": 1 });
    expect(requests).not.toHaveProperty("GET /registry/wallet");
    expect(requests).not.toHaveProperty("GET /registry/agent-identifier");
  });

  test("costs no request for each agent that others registered since the list was read", async () => {
    await using service = await startService({ chainSpeed: 0 });
    await fill(service, 120);
    const run = startRun(service.url);
    await run.session.allRows("Preprod", 0);
    await fill(service, 30, 120);
    await service.resetRequests();
    await Promise.all([1, 2, 3].map((index) => run.create(numbered(index))));
    const requests = await service.requests();
    expect(requests).toMatchObject({ "POST /registry": 3, "GET /balance": 1 });
    expect(requests).not.toHaveProperty("GET /registry/agent-identifier");
  });

  test("is asked for each token that no list accounts for, once a run", async () => {
    await using service = await startService({ chainSpeed: 0 });
    await fill(service, 120);
    const foreign = `${POLICY}10${"f".repeat(56)}000000`;
    await service.put(foreign, { holder: V2_ADDRESS, metadata: { name: "x", Tags: ["foreign"] } });
    await service.resetRequests();
    const run = startRun(service.url);
    await Promise.all([1, 2, 3].map((index) => run.create(numbered(index))));
    expect(await service.requests()).toMatchObject({
      "POST /registry": 3,
      "GET /registry/agent-identifier": 1,
    });
  });

  test("is not registered with again while it holds the agent's token, whatever lists and counts lack", async () => {
    await using service = await startService();
    const { inputs, agentIdentifier } = await registered(service);
    await fill(service, 120);
    await hide(service, inputs.listing.name);
    await service.fault({ kind: "hide-rows", route: "GET /registry/count", count: 99 });
    await service.resetRequests();
    const failure = await failureOf(startRun(service.url).create(inputs));
    expect(failure).toMatchObject(INCONSISTENT);
    expect(failure.message).toContain(agentIdentifier);
    expect(await posts(service)).toBe(0);
  });

  test("of which the chain tells nothing is no free one: a person has to say so", async () => {
    await using service = await startService({ chainSpeed: 0 });
    await fill(service, 101);
    for (const route of ["GET /registry/wallet", "GET /balance"]) {
      await service.fault({ kind: "chain-down", route, count: 99 });
    }
    const failure = await failureOf(startRun(service.url).create(answering()));
    expect(failure).toMatchObject(INCONSISTENT);
    expect(failure.message).toMatch(/cannot be told.*MASUMI_FORGET_REGISTRATION=market-researcher/s);
    expect(await posts(service)).toBe(0);
    await startRun(service.url, { env: FORGET }).create(answering());
    expect(await posts(service)).toBe(1);
  });
});

describe.concurrent("a wallet whose tokens the service does not list", () => {
  test("is asked for its balance instead", async () => {
    await using service = await startService();
    const { inputs, agentIdentifier } = await registered(service);
    // Another registration tells the wallet's address.
    await service.insert(rowOf(1));
    await hide(service, inputs.listing.name);
    await service.fault({ kind: "hide-rows", route: "GET /registry/count", count: 99 });
    await service.fault({ kind: "chain-down", route: "GET /registry/wallet", count: 99 });
    const failure = await failureOf(startRun(service.url).create(inputs));
    expect(failure).toMatchObject(INCONSISTENT);
    expect(failure.message).toContain(agentIdentifier);
  });
});

describe.concurrent("a delete while the list lacks the row", () => {
  test("forgets nothing", async () => {
    await using service = await startService();
    const { id, outs } = await registered(service);
    await hide(service);
    expect(await failureOf(startRun(service.url).remove(id, outs))).toMatchObject(INCONSISTENT);
    await service.clearFaults();
    await startRun(service.url).remove(id, outs);
    expect(await live(service)).toEqual([]);
  });
});

describe.concurrent("two clones of one owner at once", () => {
  /** When the second one looks first, the first one's registration is not listed yet; after its own request it is. */
  async function race(service: Service, changes: Parameters<typeof answering>[0] = {}) {
    await using engine = await startEngine();
    using folder = projectFolder();
    const first = await startRun(service.url).create(answering());
    // The lists of V1 and V2, and their counts, once each.
    for (const route of ["GET /registry", "GET /registry/count"]) {
      await service.fault({ kind: "hide-rows", route, count: 2 });
    }
    const late = startRun(service.url, { engine, projectFolder: folder.path });
    const second = await late.create(answering(changes));
    const rows = await service.rows();
    const made = rows.find(({ id }) => id !== first.id)?.id ?? "";
    return { first, second, made, said: engine.said(), notes: folder.notes() };
  }

  test("both keep the older registration, and the other is named at once; nothing is burned", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { first, second, made, said, notes } = await race(service);
    expect(second.id).toBe(first.id);
    expect(second.outs).toEqual(first.outs);
    expect(said).toMatch(
      `Registration ${first.id} is kept. Unless this run removes them, deregister ${made} in`,
    );
    expect(notes).toEqual([]);
    expect([await posts(service), await burns(service)]).toEqual([2, 0]);
  });

  test("with different declarations each keeps what it declares, and names the other", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { first, second, made, said } = await race(service, { listing: { name: "Other" } });
    expect(second.id).toBe(made);
    expect(said).toMatch(
      `Registration ${made} is kept. Unless this run removes them, deregister ${first.id} in`,
    );
  });

  test("a look that fails costs no registration its place in the state", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const run = startRun(service.url);
    await run.session.allRows("Preprod", 0);
    for (const route of ["GET /registry", "GET /registry/diff"]) {
      await service.fault({ kind: "error-before-write", route, count: 99 });
    }
    const { id } = await run.create(answering());
    expect((await service.rows()).map((row) => row.id)).toEqual([id]);
  });
});

describe.concurrent("several registrations of one agent", () => {
  test("the one in the state is kept, whatever else there is, and the others are named by diff", async () => {
    await using engine = await startEngine();
    const inputs = answering();
    const olds = outputsOf(inputs);
    const run = startRun("http://127.0.0.1:9", { engine });
    const news = { ...inputs, recover: [], registrations: ["older", "row", "other"] };
    expect(await run.diff("row", olds, news)).toMatchObject({ changes: false });
    expect(engine.said()).toMatch(
      "Registration row is kept. Unless this run removes them, deregister older, other in the payment service",
    );
    await run.diff("unlisted", olds, news);
    expect(engine.messages).toHaveLength(1);
  });
});

function projectFolder() {
  const path = mkdtempSync(join(tmpdir(), "masumi-clone-"));
  const intents = join(path, ".masumi/intents");
  return {
    path,
    notes: () => (existsSync(intents) ? readdirSync(intents) : []),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
