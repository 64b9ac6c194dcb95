import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type AgentRow,
  addAgent,
  changeAgent,
  changeAgents,
  countAgentsOf,
  findAgent,
  findAgents,
  findSteps,
} from "../../../portal/database/agents.ts";
import type { Database } from "../../../portal/database/database.ts";
import {
  beginStoring,
  dateDocument,
  endStoring,
  findDocument,
  markUnnamed,
  takeUnnamed,
  undatedDocuments,
  unnamedDocuments,
} from "../../../portal/database/documents.ts";
import {
  fleetOf,
  fleetsToLookAt,
  setDeclared,
  setDeployed,
  setFailed,
} from "../../../portal/database/fleets.ts";
import { migrate } from "../../../portal/database/migrate.ts";
import { openDatabase } from "../../../portal/database/open.ts";
import {
  addRequest,
  askedToBurn,
  endReplacing,
  noteAsked,
  openRequests,
  setCommit,
  settledRequests,
} from "../../../portal/database/requests.ts";
import { beginRun, endRun, findRun, lastRuns } from "../../../portal/database/runs.ts";
import { MOST_TRIES, beginTry, endTry, forgetTries, lastTries } from "../../../portal/database/tries.ts";
import { DATABASES, type TestedDatabase } from "./databases.ts";

const AUTHOR = { name: "Anna", email: "anna@example.com" };

describe.each(DATABASES.filter(([, isThere]) => isThere))("%s", (_name, _isThere, start) => {
  let tested: TestedDatabase;
  let database: Database;

  beforeAll(async () => {
    tested = await start();
    database = await tested.open();
  });
  afterAll(() => tested?.close());

  let count = 0;
  /** An agent that was accepted, of a user of its own unless one is named. */
  async function anAgent(userId = `user-${(count += 1)}`): Promise<AgentRow> {
    const id = `agent-${(count += 1)}`;
    await database.transaction(async (queries) => {
      const fleet = await fleetOf(queries, userId, 100);
      const form = { name: id, bio: "b", description: "d", documents: [] };
      const shown = { price: "1 USDM", network: "Preprod", input: [] };
      await addAgent(queries, { id, userId, fleet, template: "t", form, shown });
      const request = { agentId: id, fleet, kind: "create", declaration: "x", author: AUTHOR } as const;
      await addRequest(queries, { ...request, spends: true });
    });
    const row = await findAgent(database, id);
    if (!row) throw new Error("it was added");
    return row;
  }

  it("applies each migration once, also by several at a time", async () => {
    await Promise.all([migrate(database), migrate(database)]);
    const names = await database.query<{ name: string }>("SELECT name FROM portal_migrations ORDER BY name");
    expect(names.map(({ name }) => name)).toContain("0101_portal.sql");
  });

  it("knows, after an upgrade, the documents that agents name", async () => {
    const named = "a".repeat(64);
    const { id, form } = await anAgent();
    const documents = [{ sha256: named, name: "a.pdf", bytes: 1 }];
    await database.transaction((queries) => changeAgent(queries, id, { form: { ...form, documents } }));
    await database.query("DROP TABLE portal_documents");
    await database.query(
      "DELETE FROM portal_migrations WHERE name IN ('0106_documents.sql', '0107_storing.sql')",
    );
    await migrate(database);
    expect(await findDocument(database, named)).toEqual({ storedAt: null, begunAt: null });
    const undated = await undatedDocuments(database);
    expect(undated).toEqual([{ sha256: named, begunAt: null }]);
    const now = new Date(1_000);
    for (const document of undated) await dateDocument(database, document, now);
    expect(await findDocument(database, named)).toEqual({ storedAt: now, begunAt: null });
    await markUnnamed(database, [], now);
    expect(await unnamedDocuments(database, now)).toEqual([]);
  });

  it("knows when a document was stored once nobody is storing it any more, and since when nothing names it", async () => {
    const other = "c".repeat(64);
    const [now, later] = [new Date(1_000), new Date(2_000)];
    const whenStored = async () => (await findDocument(database, other))?.storedAt;
    const end = async (storedAt: Date) => {
      const ended = await endStoring(database, other);
      if (ended) await dateDocument(database, ended, storedAt);
      return ended;
    };
    await beginStoring(database, other);
    await beginStoring(database, other);
    const first = await end(later);
    expect(await whenStored()).toBeNull();
    expect(await undatedDocuments(database)).toEqual([]);
    await end(now);
    expect(await whenStored()).toEqual(now);
    await beginStoring(database, other);
    expect(await whenStored(), "of before").toBeNull();
    // Whoever was killed holds up nobody for good.
    await database.query("UPDATE portal_documents SET begun_at = begun_at - interval '1 hour'");
    expect((await undatedDocuments(database)).map(({ sha256 }) => sha256)).toEqual([other]);
    await beginStoring(database, other);
    await end(later);
    if (first) await dateDocument(database, first, now);
    expect(await whenStored(), "what was seen before a request began counts no more").toEqual(later);
    await markUnnamed(database, [], now);
    await markUnnamed(database, [], later);
    expect(await unnamedDocuments(database, now)).toEqual([other]);
    await markUnnamed(database, [other], later);
    expect(await unnamedDocuments(database, later)).toEqual([]);
    await markUnnamed(database, [], later);
    expect(await takeUnnamed(database, other, now)).toBeUndefined();
    expect(await takeUnnamed(database, other, later)).toEqual({ storedAt: later });
    expect(await findDocument(database, other)).toBeUndefined();
  });

  it("keeps an agent's last tries, and counts one as failed whose time is over", async () => {
    const { id: agentId, userId } = await anAgent();
    const begun = { agentId, userId, input: "?", withinMs: 60_000 };
    await beginTry(database, begun);
    for (let number = 1; number < MOST_TRIES; number += 1) {
      await endTry(database, await beginTry(database, begun), { state: "succeeded", text: `${number}` });
    }
    await beginTry(database, { ...begun, withinMs: 0 });
    const tries = await lastTries(database, agentId);
    expect(tries.map(({ state }) => state)).toEqual([
      "failed",
      ...Array<string>(MOST_TRIES - 1).fill("succeeded"),
    ]);
    expect(tries[0]?.endedAt).toEqual(tries[0]?.startedAt);
    await forgetTries(database, 0);
    expect(await lastTries(database, agentId)).toEqual([]);
  });

  it("returns what was accepted as it was typed", async () => {
    const agent = await anAgent();
    expect(agent).toMatchObject({ state: "accepted", form: { bio: "b" }, masumiId: null, problem: null });
    expect(agent.createdAt).toBeInstanceOf(Date);
    expect(agent.version).toMatch(/^\d+$/);
  });

  it("gives a change a higher version than all before, and keeps the steps in their order", async () => {
    const first = await anAgent();
    const second = await anAgent();
    await database.transaction((queries) =>
      changeAgent(queries, first.id, { state: "declared" }, { step: "declared" }),
    );
    const changed = await findAgents(database, { after: second.version });
    expect(changed.map(({ id }) => id)).toEqual([first.id]);
    const steps = await findSteps(database, [first.id]);
    expect(steps.map(({ step }) => step)).toEqual(["accepted", "declared"]);
  });

  it("leaves a later state alone when an earlier one is reported late", async () => {
    const { id } = await anAgent();
    await database.transaction((queries) => changeAgent(queries, id, { state: "registered" }));
    const wasChanged = await database.transaction((queries) =>
      changeAgent(queries, id, { state: "running" }, { step: "running", from: ["declared"] }),
    );
    expect(wasChanged).toBe(false);
    expect(await findAgent(database, id)).toMatchObject({ state: "registered" });
    expect((await findSteps(database, [id])).map(({ step }) => step)).toEqual(["accepted"]);
  });

  it("shows versions in the order in which they become visible", async () => {
    const agents = await Promise.all([1, 2, 3].map(() => anAgent()));
    const seen: string[] = [];
    let last = "0";
    const changes = agents.flatMap(({ id }) =>
      ["declared", "starting", "running"].map((state) =>
        database.transaction((queries) => changeAgent(queries, id, { state: state as "declared" })),
      ),
    );
    const watching = (async () => {
      for (let round = 0; round < 20; round += 1) {
        for (const { version } of await findAgents(database, { after: last })) {
          seen.push(version);
          last = version;
        }
      }
    })();
    await Promise.all([...changes, watching]);
    expect(seen).toEqual(seen.toSorted((a, b) => Number(BigInt(a) - BigInt(b))));
    const newest = (await findAgents(database, { after: last })).map(({ version }) => BigInt(version));
    expect(newest.every((version) => version > BigInt(last))).toBe(true);
  });

  it("changes several agents at once, each with a version and a step of its own", async () => {
    const agents = await Promise.all([1, 2, 3].map(() => anAgent()));
    const ids = agents.map(({ id }) => id).toSorted();
    await changeAgent(database, ids[1] ?? "", { state: "leaving" });
    const changed = await changeAgents(
      database,
      ids,
      { state: "declared" },
      { step: "declared", from: ["accepted"] },
    );
    expect(changed.toSorted()).toEqual([ids[0], ids[2]]);
    const rows = await Promise.all(ids.map((id) => findAgent(database, id)));
    expect(rows.map((row) => row?.state)).toEqual(["declared", "leaving", "declared"]);
    expect(new Set(rows.map((row) => row?.version)).size).toBe(3);
    expect((await findSteps(database, changed)).filter(({ step }) => step === "declared")).toHaveLength(2);
  });

  it("lets an owner and a run change the same agent at once", async () => {
    const { id } = await anAgent();
    const other = await tested.open();
    const { promise: isHeld, resolve: held } = Promise.withResolvers<void>();
    const owner = database.transaction(async (queries) => {
      await queries.query("SELECT 1 FROM portal_agents WHERE id = $1 FOR UPDATE", [id]);
      held();
      // Long enough for the run to wait for the same agent by then; the embedded database lets it wait for the transaction.
      await sleep(300);
      await changeAgent(queries, id, { problem: null }, { step: "changed" });
    });
    await isHeld;
    const run = changeAgent(other, id, { state: "running" }, { step: "running" });
    expect(await Promise.all([owner, run])).toEqual([undefined, true]);
    expect((await findSteps(database, [id])).map(({ step }) => step)).toEqual([
      "accepted",
      "changed",
      "running",
    ]);
  });

  it("refuses a second agent of a name in a fleet until the first has left", async () => {
    const { id, userId } = await anAgent();
    const again = (name: string) =>
      database.transaction(async (queries) => {
        const fleet = await fleetOf(queries, userId, 100);
        const form = { name, bio: "b", description: "d", documents: [] };
        await addAgent(queries, {
          id: `${id}-again`,
          userId,
          fleet,
          template: "t",
          form,
          shown: { price: "free", network: "Preprod", input: [] },
        });
      });
    await expect(again(id.toUpperCase())).rejects.toMatchObject({ constraint: "portal_agents_names" });
    await database.transaction((queries) => changeAgent(queries, id, { state: "deregistered" }));
    await expect(again(id)).resolves.toBeUndefined();
  });

  it("keeps a customer in a fleet, and begins another when one is full", async () => {
    await database.query("DELETE FROM portal_steps");
    await database.query("DELETE FROM portal_requests");
    await database.query("DELETE FROM portal_agents");
    const fleets: number[] = [];
    for (const user of ["a", "b", "c", "a"]) {
      const number = await database.transaction(async (queries) => {
        const fleet = await fleetOf(queries, `full-${user}`, 2);
        await addAgent(queries, {
          id: `full-${fleets.length}`,
          userId: `full-${user}`,
          fleet,
          template: "t",
          form: { name: `full ${fleets.length}`, bio: "", description: "", documents: [] },
          shown: { price: "free", network: "Preprod", input: [] },
        });
        return fleet;
      });
      fleets.push(number);
    }
    const [a, b, c, again] = fleets;
    expect(b).toBe(a);
    expect(c).not.toBe(a);
    expect(again).toBe(a);
    expect(await countAgentsOf(database, "full-a")).toBe(2);
  });

  it("hands out requests in their order until they are committed", async () => {
    const agent = await anAgent();
    const before = await openRequests(database, 1000);
    const own = before.filter(({ agentId }) => agentId === agent.id);
    expect(own).toMatchObject([{ kind: "create", declaration: "x", author: AUTHOR }]);
    expect(await settledRequests(database, agent.fleet)).not.toHaveProperty(agent.id);
    await setCommit(
      database,
      own.map(({ id }) => id),
      "abc",
    );
    expect((await openRequests(database, 1000)).map(({ agentId }) => agentId)).not.toContain(agent.id);
    expect((await settledRequests(database, agent.fleet)).get(agent.id)).toBe(own[0]?.number);
  });

  it("lets a run burn what a person asked to remove or to change, until a run has ended well with it", async () => {
    const { id: agentId, fleet } = await anAgent();
    const request = {
      agentId,
      fleet,
      kind: "change",
      declaration: "y",
      author: AUTHOR,
      spends: true,
    } as const;
    const mayBurn = async () => (await askedToBurn(database, fleet)).includes(agentId);
    const commit = async () => {
      const own = (await openRequests(database, 1000)).filter((open) => open.agentId === agentId);
      await setCommit(
        database,
        own.map(({ id }) => id),
        "abc",
      );
      return settledRequests(database, fleet);
    };
    await addRequest(database, request);
    expect(await mayBurn()).toBe(false);
    await addRequest(database, { ...request, mayReplace: true });
    const seen = await commit();
    await addRequest(database, { ...request, mayReplace: true });
    await endReplacing(database, seen);
    expect(await mayBurn(), "the run had the first of two changes").toBe(true);
    await endReplacing(database, await commit());
    expect(await mayBurn()).toBe(false);

    await addRequest(database, { ...request, mayReplace: true });
    await changeAgent(database, agentId, { state: "leaving" });
    await addRequest(database, { ...request, kind: "delete", declaration: null });
    expect(await mayBurn(), "its subscription has ended").toBe(false);
    await noteAsked(database, agentId);
    expect(await mayBurn()).toBe(true);
  });

  it("looks at a fleet until its newest commit is deployed, and after a failure when its pause is over", async () => {
    const { fleet } = await anAgent();
    const waiting = async () => (await fleetsToLookAt(database)).map(({ number }) => number).includes(fleet);
    await setDeclared(database, fleet, "c1");
    expect(await waiting()).toBe(true);
    await setFailed(database, fleet, 60);
    expect(await waiting()).toBe(false);
    await setDeclared(database, fleet, "c2");
    expect(await waiting()).toBe(true);
    await setDeployed(database, fleet, "c2");
    expect(await waiting()).toBe(false);
  });

  it("closes what a killed portal left open when the next run begins", async () => {
    const { fleet } = await anAgent();
    const [first, second] = ["0d4f5a39-6f6c-4c38-8d2e-000000000001", "0d4f5a39-6f6c-4c38-8d2e-000000000002"];
    await beginRun(database, { id: first, fleet, commit: "c" });
    await beginRun(database, { id: second, fleet, commit: "c" });
    await endRun(database, second, { ok: true, changes: { create: 2 } });
    expect(await findRun(database, first)).toMatchObject({
      ok: false,
      log: expect.stringContaining("killed"),
    });
    expect((await lastRuns(database, 10)).find(({ id }) => id === second)).toMatchObject({
      ok: true,
      changes: { create: 2 },
    });
  });

  it("gives a lock to one at a time", async () => {
    const other = await tested.open();
    const held = await database.tryLock("fleet 1");
    expect(held).toBeDefined();
    expect(await other.tryLock("fleet 1")).toBeUndefined();
    const elsewhere = await other.tryLock("fleet 2");
    expect(elsewhere).toBeDefined();
    await held?.release();
    const again = await other.tryLock("fleet 1");
    expect(again).toBeDefined();
    await again?.release();
    await elsewhere?.release();
  });

  it("tells on a channel what others notify", async () => {
    const other = await tested.open();
    const heard: string[] = [];
    const stop = await database.listen("portal_test", (payload) => heard.push(payload));
    await other.query("SELECT pg_notify('portal_test', 'hello')");
    await expect.poll(() => heard).toEqual(["hello"]);
    await stop();
  });

  it("rolls a transaction back as a whole", async () => {
    const agent = await anAgent();
    const failing = database.transaction(async (queries) => {
      await changeAgent(queries, agent.id, { state: "failed" });
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await findAgent(database, agent.id)).toMatchObject({ state: "accepted", version: agent.version });
  });
});

it("a database server that does not answer is named, without its password", async () => {
  const url = "postgresql://portal:of-nobody@127.0.0.1:9/agents";
  const refused = openDatabase({ url, folder: "unused" });
  await expect(refused).rejects.toMatchObject({ code: "PORTAL_DATABASE_UNREACHABLE" });
  await expect(refused).rejects.toThrow(
    /127\.0\.0\.1:9\/agents of DATABASE_URL cannot be opened: .*ECONNREFUSED/,
  );
  await expect(refused).rejects.not.toThrow(/of-nobody/);
});
