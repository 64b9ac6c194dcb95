import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { destroy, up } from "../../../local/engine/index.ts";
import { postgresIsThere } from "../../cloud/postgres.ts";
import { type SmallProject, makeSmallProject } from "../small-project.ts";
import { ADMIN, type Database, startDatabase } from "./server.ts";

// Each run starts two processes; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

/** Makes the roles of roles.json, and leaves the URL that each agent would be given. */
const PROGRAM = `
import { readFileSync, writeFileSync } from "node:fs";
import { DatabaseRole } from "../providers/database/index.ts";
const { server, agents } = JSON.parse(readFileSync("../roles.json", "utf8"));
for (const agentId of agents) {
  const names = { role: agentId + "-12345678", schema: agentId + "-12345678" };
  const { url } = new DatabaseRole(agentId, { agentId, ...names, server, isOnlyAgent: false, keepDays: 30 });
  url.apply((text) => writeFileSync("../url-of-" + agentId, text));
}
`;

describe.skipIf(!postgresIsThere)("the roles of a stack", () => {
  let database: Database;
  let project: SmallProject;
  beforeAll(async () => {
    [database, project] = await Promise.all([startDatabase(), makeSmallProject("roles", PROGRAM)]);
  });
  afterAll(async () => {
    project.dispose();
    await database.close();
  });

  const declare = (server: string, ...agents: string[]) =>
    writeFileSync(join(project.root, "roles.json"), JSON.stringify({ server, agents }));
  const urlOf = (agentId: string) => readFileSync(join(project.root, `url-of-${agentId}`), "utf8");
  const roles = async () => {
    const rows = await database.run(
      database.url,
      "SELECT rolname FROM pg_roles WHERE rolname LIKE '%-12345678' ORDER BY 1",
    );
    return rows.map(({ rolname }) => rolname);
  };

  it("are made, kept, made again if they are gone, and removed; their jobs stay", async () => {
    const { options, upAsPreviewed } = project;
    declare(database.url, "one", "two");
    // The stack itself is one.
    await upAsPreviewed({ create: 3 });
    expect(await roles()).toEqual(["one-12345678", "two-12345678"]);
    const first = urlOf("one");
    await database.run(first, 'CREATE TABLE "one-12345678".jobs (id TEXT)');
    const state = readFileSync(project.stateFile, "utf8");
    for (const secret of [ADMIN.password, new URL(first).password]) expect(state).not.toContain(secret);

    // The stack's own user gets another password: no agent's changes with it.
    await database.run(database.url, `ALTER USER ${ADMIN.user} PASSWORD 'another'`);
    database = { ...database, url: database.as(ADMIN.user, "another") };
    declare(database.url, "one", "two");
    await upAsPreviewed({ update: 2 });
    expect(urlOf("one")).toBe(first);
    expect(await database.run(first, 'SELECT * FROM "one-12345678".jobs')).toEqual([]);

    const second = urlOf("two");
    await database.run(database.url, 'DROP OWNED BY "two-12345678" CASCADE', 'DROP ROLE "two-12345678"');
    expect(await up({ ...options, refresh: true })).toMatchObject({ ok: true, changes: { create: 1 } });
    expect(urlOf("two")).not.toBe(second);
    await database.run(urlOf("two"), "SELECT 1");

    declare(database.url, "one");
    await upAsPreviewed({ delete: 1 });
    expect(await roles()).toEqual(["one-12345678"]);

    expect(await destroy(options)).toMatchObject({ ok: true });
    expect(await roles()).toEqual([]);
    expect(await database.run(database.url, 'SELECT * FROM "one-12345678".jobs')).toEqual([]);
    await expect(database.run(first, "SELECT 1")).rejects.toThrow(/authentication failed/);
  });
});
