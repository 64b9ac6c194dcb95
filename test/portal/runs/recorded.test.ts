import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type AgentState, addAgent, changeAgent, findAgent } from "../../../portal/database/agents.ts";
import type { Database } from "../../../portal/database/database.ts";
import { fleetOf } from "../../../portal/database/fleets.ts";
import { addRequest, openRequests, setCommit } from "../../../portal/database/requests.ts";
import { noteRecorded } from "../../../portal/runs/recorded.ts";
import { openNewDatabase } from "../database/ready.ts";

let folder: string;
let database: Database;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "masumi-portal-recorded-"));
  ({ database } = await openNewDatabase(join(folder, "database")));
});
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

const author = { name: "Anna", email: "anna@example.com" };
const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");
let count = 0;

/** An agent in a state, with a declaration that is committed or not. */
async function agent(state: AgentState, declaration: string | null, isCommitted: boolean): Promise<string> {
  const id = `agent-${(count += 1)}`;
  await database.transaction(async (queries) => {
    const fleet = await fleetOf(queries, "anna", 100);
    const form = { name: id, bio: "", description: "", documents: [] };
    await addAgent(queries, {
      id,
      userId: "anna",
      fleet,
      template: "t",
      form,
      shown: { price: "free", network: "Preprod", input: [] },
    });
    await changeAgent(queries, id, { state });
    await addRequest(queries, { agentId: id, fleet, kind: "create", declaration, author, spends: true });
  });
  if (isCommitted) {
    const open = await openRequests(database, 1000);
    await setCommit(
      database,
      open.map((request) => request.id),
      "c0ffee",
    );
  }
  return id;
}

/** Looks as the portal does whose fleets are deployed by the stack s. */
const look = () => noteRecorded(database, { network: "Preprod", stackOf: () => "s" });

const record = (id: string, state: string, declared: string | null, network = "Preprod") =>
  database.query(
    `INSERT INTO agents (id, network, name, api_url, state, masumi_id, declared, owner, stack)
     VALUES ($1, $2, $1, $3, $4, $5, $6, 'o', 's')`,
    [id, network, `https://${id}.example`, state, state === "registered" ? `masumi-${id}` : null, declared],
  );

const TEXT = "name: A\n";

it.each<
  [
    what: string,
    from: AgentState,
    declaration: string | null,
    row: [string, string | null] | null,
    to: AgentState,
  ]
>([
  ["has begun", "declared", TEXT, ["starting", null], "starting"],
  ["is through", "declared", TEXT, ["registered", digestOf(TEXT)], "registered"],
  ["is through with a change", "updating", TEXT, ["registered", digestOf(TEXT)], "registered"],
  [
    "is not through with the newest change",
    "updating",
    TEXT,
    ["registered", digestOf("name: B\n")],
    "updating",
  ],
  ["has not begun", "declared", TEXT, null, "declared"],
  ["takes it from the network", "leaving", null, ["leaving", digestOf(TEXT)], "leaving"],
  ["has taken it from the network", "leaving", null, ["deregistered", digestOf(TEXT)], "deregistered"],
  ["never came to it", "leaving", null, null, "leaving"],
  ["went on after a failure", "failed", TEXT, ["registered", digestOf(TEXT)], "registered"],
])("tells of a run elsewhere that %s", async (_what, from, declaration, row, to) => {
  const id = await agent(from, declaration, true);
  if (row) await record(id, ...row);
  await look();
  const found = await findAgent(database, id);
  const registered = { url: `https://${id}.example`, masumiId: `masumi-${id}` };
  expect(found).toMatchObject({ state: to, ...(to === "registered" ? registered : {}) });
  const version = found?.version;
  await look();
  expect((await findAgent(database, id))?.version, "a second look changes nothing").toBe(version);
});

it("tells nothing of an agent whose newest change is not committed, nor of another network", async () => {
  const open = await agent("updating", TEXT, false);
  await record(open, "registered", digestOf(TEXT));
  const other = await agent("declared", TEXT, true);
  await database.query("UPDATE portal_requests SET commit = NULL WHERE agent_id = $1", [open]);
  await record(other, "registered", digestOf(TEXT), "Mainnet");
  await look();
  expect((await findAgent(database, open))?.state).toBe("updating");
  expect((await findAgent(database, other))?.state).toBe("declared");
});

it("lets an agent go that no run ever knew of, a day after it was removed", async () => {
  const id = await agent("leaving", null, true);
  await database.query("UPDATE portal_agents SET updated_at = now() - interval '25 hours' WHERE id = $1", [
    id,
  ]);
  await look();
  expect((await findAgent(database, id))?.state).toBe("deregistered");
});

it("tells nothing of an agent of that id which another stack has deployed", async () => {
  const id = await agent("declared", TEXT, true);
  await record(id, "registered", digestOf(TEXT));
  await database.query("UPDATE agents SET stack = 'another' WHERE id = $1", [id]);
  await look();
  expect((await findAgent(database, id))?.state).toBe("declared");
});
