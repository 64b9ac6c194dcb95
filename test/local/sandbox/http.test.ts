import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";

const JSON_TYPE = { "content-type": "application/json" };

describe("the sandbox as a server", () => {
  let sandbox: RunningSandbox;
  afterEach(() => sandbox.close());

  it("refuses a wrong key also when it waits a while, as the real service does", async () => {
    sandbox = await startSandbox({ chainSpeed: 0, authDelay: true });
    const replies = await Promise.all(
      Array.from({ length: 5 }, () =>
        fetch(`${sandbox.url}/api/v1/api-key-status`, { headers: { token: "a-wrong-key-of-somebody" } }),
      ),
    );
    expect(replies.map((reply) => reply.status)).toEqual([401, 401, 401, 401, 401]);
  });

  it("can be closed twice, and while refusals wait", async () => {
    sandbox = await startSandbox({ chainSpeed: 0, authDelay: true });
    const waiting = Array.from({ length: 20 }, () =>
      fetch(`${sandbox.url}/api/v1/api-key-status`).then(
        (reply) => reply.status,
        () => "cut",
      ),
    );
    await sandbox.close();
    await sandbox.close();
    for (const outcome of await Promise.all(waiting)) expect([401, "cut"]).toContain(outcome);
  });

  it("says so when its port is taken", async () => {
    sandbox = await startSandbox({ chainSpeed: 0 });
    await expect(startSandbox({ port: Number(new URL(sandbox.url).port) })).rejects.toThrow("EADDRINUSE");
  });

  it("does not open a database that another version of it has written", async () => {
    sandbox = await startSandbox({ chainSpeed: 0 });
    const folder = mkdtempSync(join(tmpdir(), "sandbox-"));
    const file = join(folder, "sandbox.sqlite");
    try {
      const db = new DatabaseSync(file);
      db.exec("PRAGMA user_version = 99");
      db.close();
      await expect(startSandbox({ db: file })).rejects.toThrow(
        /another version of the sandbox \(99, .*Remove the file/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("makes ids and stamps that never repeat, newest first", async () => {
    sandbox = await startSandbox({ chainSpeed: 0 });
    const row = (name: string) =>
      fetch(`${sandbox.url}/sandbox/rows`, {
        method: "POST",
        headers: JSON_TYPE,
        body: JSON.stringify({
          wallet: "0b1e2d3bc6a6de6dbd74fcc3ada4ad91343960ea3e68387d182b01db",
          name,
          description: "",
          apiBaseUrl: "https://agent.example.com",
          Tags: [],
        }),
      }).then(async (reply) => (await reply.json()) as { id: string; createdAt: string });
    const rows = await Promise.all(Array.from({ length: 50 }, (_, index) => row(`agent ${index}`)));
    expect(new Set(rows.map(({ id }) => id)).size).toBe(50);
    expect(new Set(rows.map(({ createdAt }) => createdAt)).size).toBe(50);
    for (const { id } of rows) expect(id).toMatch(/^c[0-9a-z]{24}$/);
  });
});
