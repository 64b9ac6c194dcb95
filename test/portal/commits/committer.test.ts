import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type CommitterParts,
  commitRequests,
  noteForeignCommits,
} from "../../../portal/commits/committer.ts";
import { Repository } from "../../../portal/commits/repository.ts";
import { addAgent, changeAgent, findAgent, findSteps } from "../../../portal/database/agents.ts";
import type { Database } from "../../../portal/database/database.ts";
import { findFleet, fleetOf } from "../../../portal/database/fleets.ts";
import { addRequest, openRequests } from "../../../portal/database/requests.ts";
import { git } from "../../../portal/commits/git.ts";
import { openNewDatabase } from "../database/ready.ts";

let folder: string;
let database: Database;
let parts: CommitterParts;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "masumi-portal-commit-"));
  ({ database } = await openNewDatabase(join(folder, "database")));
});
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

let count = 0;
beforeEach(async () => {
  const repository = new Repository(join(folder, `repository-${(count += 1)}.git`));
  await repository.open();
  const fleets = {
    named: (fleet: number) => ({ folder: `agents/${fleet}` }),
    missingFiles: () => Promise.resolve([]),
    newestCommit: (fleet: number) => repository.newestOf([`agents/${fleet}`]),
  };
  parts = { database, repository, fleets };
});

/** Has an agent accepted, and returns its id. */
async function accept(): Promise<string> {
  const id = `agent-${(count += 1)}`;
  await database.transaction(async (queries) => {
    const fleet = await fleetOf(queries, "anna", 100);
    const form = { name: id, bio: "", description: "", documents: [] };
    const shown = { price: "free", network: "Preprod", input: [] };
    await addAgent(queries, { id, userId: "anna", fleet, template: "t", form, shown });
    await request(queries, id, "create", `id: ${id}\n`);
  });
  return id;
}

const request = (
  queries: Parameters<typeof addRequest>[0],
  agentId: string,
  kind: "create" | "change" | "delete",
  declaration: string | null,
) =>
  addRequest(queries, {
    agentId,
    fleet: 1,
    kind,
    declaration,
    author: { name: "Anna", email: "anna@example.com" },
    spends: kind !== "delete",
  });

const commits = async () =>
  Number(await git(parts.repository.folder, ["rev-list", "--count", "main"]).catch(() => "0"));
const files = async () => {
  const head = await parts.repository.head();
  return head === undefined ? [] : [...(await parts.repository.filesOf(head, "agents/1")).keys()];
};

it("makes one commit of all that came in, and tells the fleet", async () => {
  const ids = [await accept(), await accept(), await accept()];
  expect(await commitRequests(parts)).toEqual(new Set([1]));
  expect(await commits()).toBe(1);
  expect(await files()).toEqual(ids.map((id) => `${id}.yaml`).toSorted());
  expect((await findFleet(database, 1))?.declaredCommit).toBe(await parts.repository.head());
  for (const id of ids) expect(await findAgent(database, id)).toMatchObject({ state: "declared" });
  expect(await commitRequests(parts)).toEqual(new Set());
  expect(await commits()).toBe(1);
});

it("tells in an agent's time line that a change of it is committed, and leaves its state", async () => {
  const [id, together] = [await accept(), await accept()];
  await request(database, together, "change", "changed\n");
  await commitRequests(parts);
  await database.transaction((queries) =>
    changeAgent(queries, id, { state: "updating" }, { step: "changed" }),
  );
  await request(database, id, "change", "changed\n");
  await commitRequests(parts);
  expect(await findAgent(database, id)).toMatchObject({ state: "updating" });
  const steps = async (agent: string) => (await findSteps(database, [agent])).map(({ step }) => step);
  expect(await steps(id)).toEqual(["accepted", "declared", "changed", "declared"]);
  expect(await steps(together)).toEqual(["accepted", "declared"]);
});

it("commits what an agent's last request wants", async () => {
  const id = await accept();
  await request(database, id, "change", "changed\n");
  await request(database, id, "delete", null);
  const other = await accept();
  await commitRequests(parts);
  expect(await files()).toEqual([`${other}.yaml`]);
});

it("finds a commit again whose portal was killed before it noted it", async () => {
  await accept();
  const killed: Database = {
    ...database,
    query: (sql, values) => database.query(sql, values),
    tryLock: (name) => database.tryLock(name),
    transaction: () => Promise.reject(new Error("killed")),
  };
  await expect(commitRequests({ ...parts, database: killed })).rejects.toThrow("killed");
  expect(await commits()).toBe(1);
  expect(await openRequests(database, 10)).toHaveLength(1);
  const second = await accept();
  await commitRequests(parts);
  expect(await openRequests(database, 10)).toEqual([]);
  expect(await commits()).toBe(2);
  expect(await files()).toContain(`${second}.yaml`);
});

it("leaves it to another portal that commits just now", async () => {
  const lock = await database.tryLock("commits");
  await accept();
  expect(await commitRequests(parts)).toBeUndefined();
  await lock?.release();
  expect(await commitRequests(parts)).toEqual(new Set([1]));
});

it("does not take an agent that leaves for one that is declared", async () => {
  const id = await accept();
  await database.transaction((queries) => changeAgent(queries, id, { state: "leaving" }));
  await commitRequests(parts);
  expect(await findAgent(database, id)).toMatchObject({ state: "leaving" });
});

describe("what somebody else pushes", () => {
  /** A repository with a remote, and one of somebody else's with the same. */
  async function shared() {
    const remote = join(folder, `remote-${(count += 1)}.git`);
    await git(folder, ["init", "--quiet", "--bare", "--initial-branch=main", remote]);
    const [own, others] = ["own", "others"].map(
      (name) => new Repository(join(folder, `${name}-${count}.git`), remote),
    ) as [Repository, Repository];
    await own.open();
    await others.open();
    const fleets = { ...parts.fleets, newestCommit: (fleet: number) => own.newestOf([`agents/${fleet}`]) };
    return { others, parts: { database, repository: own, fleets } };
  }

  const push = async (repository: Repository, path: string): Promise<string> => {
    await repository.update();
    const changes = [{ path, text: `${path}\n` }];
    return repository.commit({ subject: "Push", changes, authors: [], requests: [] });
  };

  it("is deployed if it changes a fleet's files, and noted once", async () => {
    const { others, parts: own } = await shared();
    await accept();
    await commitRequests(own);
    const declared = async () => (await findFleet(database, 1))?.declaredCommit;
    const mine = await declared();
    await push(others, "README.md");
    await noteForeignCommits(own);
    expect(await declared(), "nothing of the fleet's").toBe(mine);
    const theirs = await push(others, "agents/1/theirs.yaml");
    await noteForeignCommits(own);
    expect(await declared()).toBe(theirs);
    await database.query("UPDATE portal_fleets SET failures = 2 WHERE number = 1");
    await noteForeignCommits(own);
    expect((await findFleet(database, 1))?.failures, "what is known already resets nothing").toBe(2);
  });

  it("is left to the portal that commits just now", async () => {
    const { others, parts: own } = await shared();
    await accept();
    await commitRequests(own);
    const mine = (await findFleet(database, 1))?.declaredCommit;
    await push(others, "agents/1/theirs.yaml");
    const lock = await database.tryLock("commits");
    await noteForeignCommits(own);
    expect((await findFleet(database, 1))?.declaredCommit).toBe(mine);
    await lock?.release();
  });
});
