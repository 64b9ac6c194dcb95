import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { findRunning, recordRunning, stopRunning } from "../../portal/running.ts";
import { recordedCrews } from "../../providers/crew-process/local/index.ts";
import { findSandbox, openProject } from "../../stacks/index.ts";
import { postgresIsThere, startPostgres } from "../cloud/postgres.ts";
import { crewEnvironment } from "../helpers/project.ts";
import { PortalProcess } from "./kill/portals.ts";
import { type RunningServer, startServer } from "./server.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "masumi-portal-running-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

describe("which portal runs in a folder", () => {
  const servers: RunningServer[] = [];
  const answering = async (body: unknown) => {
    const server = await startServer(() => Response.json(body));
    servers.push(server);
    return server.url;
  };
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

  it.each([
    ["that answers as the start that was recorded", { instance: "one" }, "one"],
    ["but not another program at its address", { instance: "two" }, undefined],
    ["but not a program that says nothing of itself", {}, undefined],
  ])("is one %s", async (_, body, found) => {
    recordRunning(folder, { pid: process.pid, url: await answering(body), instance: "one" });
    expect((await findRunning(folder))?.instance).toBe(found);
  });

  it("is none whose process has ended, or that has said that it ends", async () => {
    const url = await answering({ instance: "one" });
    recordRunning(folder, { pid: 2 ** 22 + 1, url, instance: "one" });
    expect(await findRunning(folder)).toBeUndefined();
    const forget = recordRunning(folder, { pid: process.pid, url, instance: "one" });
    forget();
    expect(await findRunning(folder)).toBeUndefined();
  });
});

it("a portal that lives and does not answer keeps all that it uses, and who would stop it is told", async () => {
  const server = await startServer(() => new Response("busy", { status: 500 }));
  recordRunning(folder, { pid: process.pid, url: server.url, instance: "one" });
  await expect(stopRunning(folder)).rejects.toThrow(
    /does not answer at .*, so nothing was ended\. Try again;/,
  );
  await server.close();
});

describe("a second start", () => {
  it("tells of the first one, also while that one starts, and --stop ends it with all that it started", async () => {
    await crewEnvironment();
    const env = { PORTAL_FOLDER: folder, PORTAL_PORT: "0", PORTAL_BILLING: "none" };
    const [first, second, third] = [1, 2, 3].map(() => new PortalProcess(env));
    await Promise.all([first?.start(), second?.start()]);
    expect(second?.url).toBe(first?.url);
    await third?.start();
    expect(third?.url).toBe(first?.url);
    const project = openProject(join(folder, "project"));
    expect(await findSandbox(project)).toBeDefined();
    expect(await first?.run("--stop")).toContain("The portal was stopped");
    expect(await findRunning(folder)).toBeUndefined();
    expect(await findSandbox(project)).toBeUndefined();
    expect(recordedCrews(project.root).filter(({ isAlive }) => isAlive)).toEqual([]);
    expect(await first?.run("--stop")).toContain("The portal was not running");
  });
});

describe.skipIf(!postgresIsThere)("a portal with a database server", () => {
  it("is found and ended by --stop, which says that others may go on", async () => {
    await crewEnvironment();
    const postgres = await startPostgres(join(folder, "postgres.log"));
    onTestFinished(() => postgres.close());
    const DATABASE_URL = `postgres://${postgres.user}@127.0.0.1:${postgres.port}/${postgres.database}`;
    const portal = new PortalProcess({
      PORTAL_FOLDER: join(folder, "portal"),
      PORTAL_PORT: "0",
      PORTAL_BILLING: "none",
      DATABASE_URL,
    });
    await portal.start();
    const said = await portal.run("--stop");
    expect(said).toContain("The portal was stopped");
    expect(said).toContain("Other portals");
    await expect(fetch(new URL("/healthz", portal.url))).rejects.toThrow("fetch failed");
    expect(await portal.run("--stop")).toContain("The portal was not running");
  });
});
