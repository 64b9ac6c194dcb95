import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("../../../local/sandbox/main.ts", import.meta.url));

interface Info {
  readonly pid: number;
  readonly url: string;
  readonly startedAt: string;
}

describe("the sandbox's command line", () => {
  let folder: string;
  let children: ChildProcess[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sandbox-"));
    children = [];
  });
  afterEach(() => {
    for (const child of children) if (child.exitCode === null) child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  function run(...args: string[]) {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const closed = once(child, "close").then(() => ({ code: child.exitCode, output }));
    return { child, closed };
  }

  const infoFile = () => join(folder, "sandbox.json");
  async function start(...args: string[]) {
    rmSync(infoFile(), { force: true });
    const started = run("--port", "0", "--info", infoFile(), ...args);
    await expect.poll(() => existsSync(infoFile()), { timeout: 20_000 }).toBe(true);
    return { ...started, info: JSON.parse(readFileSync(infoFile(), "utf8")) as Info };
  }
  const rows = async ({ url }: Info) =>
    ((await (await fetch(`${url}/sandbox/rows`)).json()) as { rows: { name: string }[] }).rows.map(
      (row) => row.name,
    );
  const insert = ({ url }: Info, name: string) =>
    fetch(`${url}/sandbox/rows`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        wallet: "0b1e2d3bc6a6de6dbd74fcc3ada4ad91343960ea3e68387d182b01db",
        name,
        description: "",
        apiBaseUrl: "https://agent.example.com",
        Tags: [],
      }),
    });

  it("says where it listens, and that on loopback only", async () => {
    const { child, info, closed } = await start("--json", "--chain-speed", "instant");
    expect(info).toMatchObject({
      pid: child.pid,
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
    });
    const status = await (await fetch(`${info.url}/sandbox/status`)).json();
    expect(status).toMatchObject({ chainSpeed: "instant" });
    child.kill("SIGTERM");
    const { code, output } = await closed;
    expect(code).toBe(0);
    expect(JSON.parse(output)).toEqual(info);
  });

  it("has a clock that is off when asked", async () => {
    const { info } = await start("--clock-skew=-7200", "--shuffle");
    const { createdAt } = (await (await insert(info, "early")).json()) as { createdAt: string };
    expect(Date.now() - Date.parse(createdAt)).toBeGreaterThanOrEqual(7_200_000);
  });

  it("keeps everything in its database, even when it is killed, and starts again on its port", async () => {
    const db = join(folder, "sandbox.sqlite");
    const first = await start("--db", db);
    expect((await insert(first.info, "kept")).status).toBe(200);
    first.child.kill("SIGKILL");
    await first.closed;
    const second = await start("--db", db, "--port", new URL(first.info.url).port);
    expect(second.info.url).toBe(first.info.url);
    expect(await rows(second.info)).toEqual(["kept"]);
    await fetch(`${second.info.url}/sandbox/shutdown`, {
      method: "POST",
      headers: { "content-type": "application/json" },
    });
    expect((await second.closed).code).toBe(0);
  });

  it("ends on an interrupt while a request hangs", async () => {
    const { child, info, closed } = await start("--fault", "hang-before-write,route=GET /health");
    const hanging = fetch(`${info.url}/api/v1/health`).then(
      () => "answered",
      () => "cut",
    );
    await expect
      .poll(async () => (await (await fetch(`${info.url}/sandbox/faults`)).json()) as object)
      .toEqual({ faults: [] });
    child.kill("SIGINT");
    expect((await closed).code).toBe(0);
    expect(await hanging).toBe("cut");
  });

  it("prints its help with examples", async () => {
    const { code, output } = await run("--help").closed;
    expect(code).toBe(0);
    expect(output).toMatch(/--chain-speed[\s\S]*Examples[\s\S]*--fault/);
  });

  it.each([
    ["an unknown option", ["--speed", "9"], /Unknown option '--speed'[\s\S]*See --help/],
    ["a port that is none", ["--port", "many"], /--port many: expected a number from 0 to 65535/],
    ["a speed that is none", ["--chain-speed", "fast"], /--chain-speed fast: expected a number/],
    ["a skew that is none", ["--clock-skew=late"], /--clock-skew late: expected a number from -/],
    ["an unknown fault", ["--fault", "explode"], /The fault explode cannot be used/],
    [
      "a world that is not there",
      ["--world", "/nowhere.json"],
      /world \/nowhere\.json cannot be used:\n {2}cannot be read/,
    ],
  ])("refuses %s in one sentence, exit code 1", async (_, args, message) => {
    const { code, output } = await run("--port", "0", ...args).closed;
    expect(code).toBe(1);
    expect(output).toMatch(message);
    expect(output).not.toMatch(/ {4}at /);
  });

  it("says that its port is taken", async () => {
    const { info } = await start();
    const { code, output } = await run("--port", new URL(info.url).port).closed;
    expect([code, output]).toEqual([
      1,
      "The port is in use by another program. Choose another with --port.\n",
    ]);
  });
});
