import { execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { provider } from "../../../providers/crew-process/crew-process.ts";
import { crewHome, crewVenv, stopCrew } from "../../../providers/crew-process/local/index.ts";
import { exists, isRunning } from "../../../providers/crew-process/local/instance.ts";
import { freePort } from "../../helpers/free-port.ts";
import { crewEnvironment, repository } from "../../helpers/project.ts";
import { startStandIn } from "../../helpers/stand-in-crew.ts";

const SENTINEL = "sentinel-provisioning-key";

const declaration = (changes: Record<string, unknown> = {}) =>
  JSON.stringify({
    id: "writer",
    name: "Writer",
    description: "Writes.",
    network: "Preprod",
    pricing: { type: "free" },
    input: [{ id: "topic", type: "string", name: "Topic" }],
    crew: {
      agents: { author: { role: "Author", goal: "Write", backstory: "Has written." } },
      tasks: [
        { name: "write", agent: "author", description: "Write about {topic}", expected_output: "A text" },
      ],
    },
    model: {},
    exampleOutputs: [],
    ...changes,
  });

function environmentOf(pid: number): string {
  if (process.platform === "linux") return readFileSync(`/proc/${pid}/environ`, "utf8");
  return execFileSync("ps", ["eww", "-p", String(pid)], { encoding: "utf8" });
}

/** Asks with headers that fetch does not let its caller choose: Host and Origin. */
function ask(url: string, method: string, headers: Record<string, string>, body?: string) {
  return new Promise<{ status: number | undefined; allowed: string | undefined }>((resolve, reject) => {
    const sent = request(url, { method, headers, signal: AbortSignal.timeout(30_000) }, (response) => {
      response.resume();
      const allowed = response.headers["access-control-allow-origin"];
      response.once("end", () => resolve({ status: response.statusCode, allowed }));
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

function groupExists(pid: number): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

describe("a crew as a local process", () => {
  let projectRoot: string;
  let port: number;
  const started: { pid: number; port: number; instance: string }[] = [];

  const inputs = (changes: Record<string, unknown> = {}) => ({
    agentId: "writer",
    projectRoot,
    port,
    declaration: declaration(),
    runtime: "digest",
    model: { api: "http://127.0.0.1:9/v1", name: "stub" },
    modelKey: "model-key",
    ...changes,
  });
  const standIn = async (says?: "something" | "nothing") => {
    const outs = await startStandIn(port, says);
    started.push(outs);
    return outs;
  };
  const record = (running: object) => {
    mkdirSync(crewHome(projectRoot, "writer"), { recursive: true });
    writeFileSync(join(crewHome(projectRoot, "writer"), "process.json"), JSON.stringify(running));
  };
  const create = async (changes: Record<string, unknown> = {}) => {
    const { outs } = await provider.create(inputs(changes));
    started.push(outs);
    return outs;
  };

  beforeAll(async () => void (await crewEnvironment()), 300_000);
  beforeEach(async () => {
    projectRoot = mkdtempSync(join(tmpdir(), "crew-process-"));
    symlinkSync(join(repository, "crew"), join(projectRoot, "crew"));
    mkdirSync(join(projectRoot, ".masumi"));
    symlinkSync(crewVenv(repository), join(projectRoot, ".masumi", "venv"));
    port = await freePort();
    process.env["MASUMI_API_KEY"] = SENTINEL;
  });
  afterEach(async () => {
    for (const outs of started.splice(0)) await provider.delete("writer", { ...inputs(), url: "", ...outs });
    rmSync(projectRoot, { recursive: true, force: true });
    delete process.env["MASUMI_API_KEY"];
  });

  it("answers on its reserved port, from an environment without the deployer's keys", async () => {
    const outs = await create();
    expect(outs.url).toBe(`http://127.0.0.1:${port}`);
    expect(await isRunning(outs)).toBe(true);
    expect(environmentOf(outs.pid)).toContain("AGENT_DECLARATION");
    expect(environmentOf(outs.pid)).not.toContain(SENTINEL);
    expect(environmentOf(outs.pid)).not.toContain("PAYMENT_");
  });

  it("starts no job that a web page asks for, and lets none read, unless one is named", async () => {
    const { url } = await create();
    const body = JSON.stringify({ input_data: { topic: "tea" } });
    const origin = "https://page.example";
    const startAs = (headers: Record<string, string>) =>
      ask(`${url}/start_job`, "POST", { origin, ...headers }, body);
    expect(await startAs({ "content-type": "text/plain" })).toMatchObject({ status: 415 });
    expect(await startAs({})).toMatchObject({ status: 415 });
    const rebound = { host: `page.example:${port}`, "content-type": "application/json" };
    expect(await startAs(rebound)).toMatchObject({ status: 421 });
    expect(await ask(`${url}/status?job_id=any`, "GET", rebound)).toMatchObject({ status: 421 });
    expect(await ask(`${url}/availability`, "GET", { origin })).toMatchObject({
      status: 200,
      allowed: undefined,
    });

    process.env["MASUMI_CREW_CORS_ORIGINS"] = origin;
    onTestFinished(() => void delete process.env["MASUMI_CREW_CORS_ORIGINS"]);
    const named = await create();
    expect(await ask(`${named.url}/availability`, "GET", { origin })).toMatchObject({ allowed: origin });
    const other = await ask(`${named.url}/availability`, "GET", { origin: "https://other.example" });
    expect(other.allowed).toBeUndefined();
  });

  const PAYMENTS = {
    service: "http://127.0.0.1:9/api/v1",
    network: "Preprod",
    sellerVkey: "ab".repeat(28),
    sourceType: "V2",
    pollSeconds: 60,
  } as const;

  it("gets what it takes payments with", async () => {
    const outs = await create({ payments: PAYMENTS, paymentKey: "payment-key" });
    for (const setting of [
      "PAYMENT_SERVICE_URL=http://127.0.0.1:9/api/v1",
      "PAYMENT_KEY=payment-key",
      "PAYMENT_SOURCE_TYPE=V2",
      "NETWORK=Preprod",
      `SELLER_VKEY=${PAYMENTS.sellerVkey}`,
    ]) {
      expect(environmentOf(outs.pid)).toContain(setting);
    }
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>, boolean]>([
    ["a state of a crew without payments, still without", {}, {}, false],
    ["payments for a crew that had none", {}, { payments: PAYMENTS, paymentKey: "k" }, true],
    [
      "the same payments",
      { payments: PAYMENTS, paymentKey: "k" },
      { payments: PAYMENTS, paymentKey: "k" },
      false,
    ],
    ["other limits", { limits: { KEEP_DAYS: "30" } }, { limits: { KEEP_DAYS: "7" } }, true],
    ["another key", { payments: PAYMENTS, paymentKey: "k" }, { payments: PAYMENTS, paymentKey: "l" }, true],
    [
      "another wallet",
      { payments: PAYMENTS, paymentKey: "k" },
      { payments: { ...PAYMENTS, sourceType: "V1" }, paymentKey: "k" },
      true,
    ],
  ])("%s", async (_, before, after, restarts) => {
    const olds = { ...inputs(before), url: "", ...(await standIn()) };
    expect(await provider.diff("writer", olds, inputs(after))).toEqual({ changes: restarts, replaces: [] });
  });

  it("is found again by read, and is gone once its process has died", async () => {
    const outs = await create();
    expect(await provider.read("writer", outs)).toMatchObject({ id: "writer" });
    process.kill(-outs.pid, "SIGKILL");
    await expect.poll(() => provider.read("writer", outs)).toEqual({});
  });

  it("is not taken for gone while its process exists and is silent", async () => {
    const silent = await standIn("nothing");
    await expect(exists(silent, crewHome(projectRoot, "writer"), 500)).rejects.toMatchObject({
      code: "CREW_SILENT",
      message: expect.stringContaining(`kill ${silent.pid}`) as string,
    });
    process.kill(silent.pid, "SIGKILL");
    await expect.poll(() => exists(silent, crewHome(projectRoot, "writer"), 500)).toBe(false);
  }, 30_000);

  it("is started again by an update once it has died, and by nothing before", async () => {
    const outs = await create();
    expect(await provider.diff("writer", outs, inputs())).toEqual({ changes: false, replaces: [] });
    process.kill(-outs.pid, "SIGKILL");
    await expect.poll(() => provider.diff("writer", outs, inputs())).toMatchObject({ changes: true });
    const { outs: after } = await provider.update("writer", outs, inputs());
    started.push(after);
    expect(await isRunning(after)).toBe(true);
    expect(await provider.diff("writer", after, inputs())).toEqual({ changes: false, replaces: [] });
  });

  it("is found by an older copy of the state, which restarts it and leaves no orphan", async () => {
    const before = await create();
    const { outs: after } = await provider.update("writer", before, inputs());
    started.push(after);
    const { props } = (await provider.read("writer", before)) as { props: typeof before };
    expect(props.instance).toBe(after.instance);
    expect(await provider.diff("writer", props, inputs())).toMatchObject({ changes: true });
  });

  it("leaves no orphan when an older copy of the state is destroyed", async () => {
    const before = { ...inputs(), url: "", port, pid: 1, instance: randomUUID() };
    const living = await standIn();
    record(living);
    await provider.delete("writer", before);
    await expect.poll(() => groupExists(living.pid)).toBe(false);
  });

  it("is found if its start was killed before its number was recorded", async () => {
    const living = await standIn();
    await stopCrew({ ...living, pid: 0 });
    await expect.poll(() => groupExists(living.pid)).toBe(false);
  });

  it("stays when the one that it replaces is deleted in the same run", async () => {
    const before = await create();
    const after = await create();
    await provider.delete("writer", before);
    expect(await isRunning(after)).toBe(true);
  });

  it("is restarted on the same port by a change, and by nothing else", async () => {
    const outs = await create();
    const changed = inputs({ declaration: declaration({ description: "Writes well." }) });
    expect(await provider.diff("writer", outs, inputs())).toEqual({ changes: false, replaces: [] });
    expect(await provider.diff("writer", outs, changed)).toEqual({ changes: true, replaces: [] });
    const { outs: after } = await provider.update("writer", outs, changed);
    started.push(after);
    expect(await isRunning(after)).toBe(true);
    expect(await isRunning(outs)).toBe(false);
  });

  it("takes over from a crew that a killed run left behind", async () => {
    const leftOver = await create();
    const outs = await create();
    expect(outs.instance).not.toBe(leftOver.instance);
    expect(await isRunning(outs)).toBe(true);
  });

  it("ends with everything it started, and ending it twice is fine", async () => {
    const outs = await create();
    await provider.delete("writer", outs);
    await expect.poll(() => groupExists(outs.pid)).toBe(false);
    await provider.delete("writer", outs);
  });

  it("never ends a process that merely has the recorded number", async () => {
    const bystander = spawn(process.execPath, ["-e", "setTimeout(() => undefined, 60_000)"], {
      detached: true,
    });
    await once(bystander, "spawn");
    const { pid = 0 } = bystander;
    await provider.delete("writer", { ...inputs(), url: "", pid, instance: "not-this-process" });
    expect(groupExists(pid)).toBe(true);
    bystander.kill("SIGKILL");
  });

  it("refuses a port that another program uses", async () => {
    const other = createServer((_request, response) => void response.end("{}"));
    await new Promise<void>((listening) => other.listen(port, "127.0.0.1", listening));
    await expect(create()).rejects.toMatchObject({ code: "CREW_PORT_TAKEN" });
    await new Promise((closed) => other.close(closed));
  });

  it("shows the last lines of a crew that ends while starting", async () => {
    await expect(create({ declaration: "{}" })).rejects.toMatchObject({
      code: "CREW_EXITED",
      message: expect.stringMatching(/crew\.log/) as string,
    });
  });
});
