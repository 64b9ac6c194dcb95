import { globSync, mkdtempSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { findRunning, recordRunning, stopRunning } from "../../portal/running.ts";
import { postgresIsThere, startPostgres } from "../cloud/postgres.ts";
import { type OutsideAgents, outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject, crewEnvironment } from "../helpers/project.ts";
import { startAtTerminal } from "../helpers/terminal.ts";
import { placeDatabase } from "./database/ready.ts";
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

/** Where processes work that do so in a folder, or below it. */
const placesOfProcesses = (root: string): string[] =>
  globSync("/proc/[0-9]*/cwd").flatMap((link) => {
    try {
      const place = readlinkSync(link);
      return `${place}/`.startsWith(`${root}/`) ? [place] : [];
    } catch {
      // It has ended, or is somebody else's.
      return [];
    }
  });

describe("the commands portal and demo", () => {
  let project: TestProject;
  let agents: OutsideAgents;
  let sandbox: RunningSandbox;
  beforeAll(async () => {
    await crewEnvironment();
    project = new TestProject();
    [agents, sandbox] = await Promise.all([startOutsideAgents(), startSandbox({ chainSpeed: "instant" })]);
    project.useSandbox(sandbox.url);
    project.write("agents/writer.yaml", outsideAgent("Writer", agents.url));
    Object.assign(project.env, { PORTAL_PORT: "0", PORTAL_BILLING: "none" });
    await placeDatabase(project.path(".masumi/portal/database"));
  });
  afterAll(async () => {
    await project.run("portal", "stop");
    await project.dispose();
    await Promise.all([agents.close(), sandbox.close()]);
  });

  const urlIn = (text: string) => /^The portal: (\S+)$/m.exec(text)?.[1];

  it("start one portal, of which another start tells, also while it starts; ^C ends it, and stop the rest", async () => {
    const [one, two] = [startAtTerminal(project, ["portal"]), startAtTerminal(project, ["portal"])];
    await expect
      .poll(() => [one, two].map((start) => urlIn(start.screen())), { timeout: 180_000 })
      .not.toContain(undefined);
    const url = urlIn(one.screen());
    expect(urlIn(two.screen())).toBe(url);
    const isFirst = !one.screen().includes("already running");
    const [running, other] = isFirst ? [one, two] : [two, one];
    expect(await other.exitCode).toBe(0);

    const demo = await project.run("demo", "--chain-speed", "instant");
    expect(demo).toMatchObject({ exitCode: 0 });
    expect(demo.stdout).toMatch(/^writer +available +3 ADA/m);
    expect(demo.stdout).toContain(
      `The page where customers get agents of their own ("Create AI agent"): ${url}\n`,
    );

    running.type("\u0003");
    expect(await running.exitCode).toBe(0);
    expect(running.screen()).toContain("Shutting down once work in progress is saved.");
    expect(running.screen()).toContain("keep running. This ends them: npx masumi-agents portal stop");
    expect(placesOfProcesses(project.root), "the sandbox's alone").toEqual([
      project.path(".masumi/portal/project"),
    ]);
    expect((await project.run("sandbox", "status")).stdout).toMatch(
      /^The portal's own runs: http:.* This ends it: npx masumi-agents portal stop$/m,
    );
    expect((await project.run("portal", "stop")).stdout).toContain("its crews and its sandbox were stopped");
    expect(placesOfProcesses(project.root)).toEqual([]);
    expect((await project.run("portal", "stop")).stdout).toBe("The portal was not running.\n");
  });

  it("say that a port is taken: portal fails, and demo shows the agents without it", async () => {
    const taken = { PORTAL_PORT: new URL(agents.url).port };
    Object.assign(project.env, taken);
    const refused = await project.run("portal");
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toMatch(
      /^PORTAL_PORT_UNAVAILABLE: the portal cannot listen on 127\.0\.0\.1:\d+: another program uses that port\.\nSet PORTAL_PORT .*\n$/,
    );
    const demo = await project.run("demo");
    expect(demo).toMatchObject({ exitCode: 0 });
    expect(demo.stdout).toMatch(
      /^Nothing to do: all is as declared\.\n[^]*^The portal did not start\. See .*portal\.log\.$/m,
    );
    expect(project.read(".masumi/portal/portal.log")).toContain("PORTAL_PORT_UNAVAILABLE");
  });

  it("end with what asks them to while they start", async () => {
    project.env["PORTAL_PORT"] = "0";
    const { child, done } = project.start("portal");
    const places = () => placesOfProcesses(project.root).filter((place) => place === project.root);
    // The command's own, and the portal's.
    await expect.poll(places, { timeout: 60_000 }).toHaveLength(2);
    child.kill("SIGTERM");
    expect((await done).exitCode).not.toBe(0);
    await expect.poll(places).toEqual([]);
    // A sandbox may have been started by then.
    await project.run("portal", "stop");
    expect(placesOfProcesses(project.root)).toEqual([]);
  });

  it("say what they do while they start, and what ^C leaves running", async () => {
    const start = startAtTerminal(project, ["portal"]);
    await expect.poll(() => start.screen(), { timeout: 60_000 }).toContain("Starting its sandbox");
    start.type("\u0003");
    expect(await start.exitCode).not.toBe(0);
    expect(start.screen()).toContain("Opening the portal's database.");
    expect(start.screen()).toContain("may run. This ends them: npx masumi-agents portal stop");
    await project.run("portal", "stop");
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
