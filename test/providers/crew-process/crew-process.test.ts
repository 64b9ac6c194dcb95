import { execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { provider } from "../../../providers/crew-process/crew-process.ts";
import { crewHome, crewVenv, stopCrew } from "../../../providers/crew-process/local/index.ts";
import { exists, isRunning } from "../../../providers/crew-process/local/instance.ts";
import { freePort } from "../../helpers/free-port.ts";
import { crewEnvironment, repository, stopCrews } from "../../helpers/project.ts";
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

const commandOf = (pid: number): string =>
  execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" });

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

interface Place {
  readonly projectRoot: string;
  readonly port: number;
}

async function newPlace(): Promise<Place> {
  const projectRoot = mkdtempSync(join(tmpdir(), "crew-process-"));
  symlinkSync(join(repository, "crew"), join(projectRoot, "crew"));
  mkdirSync(join(projectRoot, ".masumi"));
  symlinkSync(crewVenv(repository), join(projectRoot, ".masumi", "venv"));
  return { projectRoot, port: await freePort() };
}

const inputsAt = (place: Place, changes: Record<string, unknown> = {}) => ({
  agentId: "writer",
  ...place,
  declaration: declaration(),
  runtime: "digest",
  model: { api: "http://127.0.0.1:9/v1", name: "stub" },
  modelKey: "model-key",
  ...changes,
});

const PAYMENTS = {
  service: "http://127.0.0.1:9/api/v1",
  network: "Preprod",
  sellerVkey: "ab".repeat(28),
  sourceType: "V2",
  pollSeconds: 60,
} as const;

// Each step begins with the crew that the one before has left: starting one takes seconds of computing.
describe("the life of a crew as a local process", () => {
  type Crew = Awaited<ReturnType<typeof provider.create>>["outs"];
  let place: Place;
  let crew: Crew;

  const inputs = (changes?: Record<string, unknown>) => inputsAt(place, changes);
  const paid = { payments: PAYMENTS, paymentKey: "payment-key", tracesHeaders: "x-api-key=of-the-collector" };
  const create = async (changes?: Record<string, unknown>) => {
    ({ outs: crew } = await provider.create(inputs(changes)));
    return crew;
  };
  const update = async (before: Crew, changes?: Record<string, unknown>) => {
    ({ outs: crew } = await provider.update("writer", before, inputs(changes)));
    return crew;
  };

  beforeAll(async () => {
    await crewEnvironment();
    place = await newPlace();
    process.env["MASUMI_API_KEY"] = SENTINEL;
  }, 300_000);
  afterAll(async () => {
    delete process.env["MASUMI_API_KEY"];
    await stopCrews(place.projectRoot);
    rmSync(place.projectRoot, { recursive: true, force: true });
  });

  it("answers on its reserved port, from an environment without the deployer's keys", async () => {
    await create();
    expect(crew.url).toBe(`http://127.0.0.1:${place.port}`);
    expect(await isRunning(crew)).toBe(true);
    expect(environmentOf(crew.pid)).toContain("AGENT_DECLARATION");
    expect(environmentOf(crew.pid)).toContain(`PUBLIC_URL=${crew.url}`);
    expect(environmentOf(crew.pid)).not.toContain(SENTINEL);
    expect(environmentOf(crew.pid)).not.toContain("PAYMENT_");
  });

  it("is restarted on the same port by a change, and by nothing else", async () => {
    const before = crew;
    const changed = { declaration: declaration({ description: "Writes well." }), ...paid };
    expect(await provider.diff("writer", before, inputs())).toEqual({ changes: false, replaces: [] });
    expect(await provider.diff("writer", before, inputs(changed))).toEqual({ changes: true, replaces: [] });
    await update(before, changed);
    expect(crew.url).toBe(before.url);
    expect(await isRunning(crew)).toBe(true);
    expect(environmentOf(crew.pid)).toContain(`TRACES_HEADERS=${paid.tracesHeaders}`);
    expect(commandOf(crew.pid), "any user of the machine may list processes").not.toContain(
      "of-the-collector",
    );
    expect(await isRunning(before)).toBe(false);
  });

  it("gets what it takes payments with", () => {
    for (const setting of [
      "PAYMENT_SERVICE_URL=http://127.0.0.1:9/api/v1",
      "PAYMENT_KEY=payment-key",
      "PAYMENT_SOURCE_TYPE=V2",
      "NETWORK=Preprod",
      `SELLER_VKEY=${PAYMENTS.sellerVkey}`,
    ]) {
      expect(environmentOf(crew.pid)).toContain(setting);
    }
  });

  const origin = "https://page.example";

  it("starts no job that a web page asks for, and lets none read", async () => {
    const { url } = crew;
    const body = JSON.stringify({ input_data: { topic: "tea" } });
    const startAs = (headers: Record<string, string>) =>
      ask(`${url}/start_job`, "POST", { origin, ...headers }, body);
    expect(await startAs({ "content-type": "text/plain" })).toMatchObject({ status: 415 });
    expect(await startAs({})).toMatchObject({ status: 415 });
    const rebound = { host: `page.example:${place.port}`, "content-type": "application/json" };
    expect(await startAs(rebound)).toMatchObject({ status: 421 });
    expect(await ask(`${url}/status?job_id=any`, "GET", rebound)).toMatchObject({ status: 421 });
    expect(await ask(`${url}/availability`, "GET", { origin })).toMatchObject({
      status: 200,
      allowed: undefined,
    });
  });

  it("takes over from one that a killed run left behind, and stays when that is deleted in the same run", async () => {
    const leftOver = crew;
    process.env["MASUMI_CREW_CORS_ORIGINS"] = origin;
    onTestFinished(() => void delete process.env["MASUMI_CREW_CORS_ORIGINS"]);
    await create();
    expect(crew.instance).not.toBe(leftOver.instance);
    expect(await isRunning(crew)).toBe(true);
    await provider.delete("writer", leftOver);
    expect(await isRunning(crew)).toBe(true);
  });

  it("lets a web page read that is named", async () => {
    const named = await ask(`${crew.url}/availability`, "GET", { origin });
    expect(named).toMatchObject({ allowed: origin });
    const other = await ask(`${crew.url}/availability`, "GET", { origin: "https://other.example" });
    expect(other.allowed).toBeUndefined();
  });

  it("goes on as it was if the one that is to replace it does not start, and the next update starts that", async () => {
    const before = crew;
    await expect(update(before, { declaration: "{}" })).rejects.toThrow(/^CREW_EXITED/);
    expect(await ask(`${before.url}/availability`, "GET", {})).toMatchObject({ status: 200 });
    const { props } = (await provider.read("writer", before)) as { props: typeof before };
    expect(await isRunning(props)).toBe(true);
    await update(before);
    expect(await isRunning(props)).toBe(false);
  });

  it("is found by an older copy of the state, which restarts it and leaves no orphan", async () => {
    const before = crew;
    const after = await update(before);
    const { props } = (await provider.read("writer", before)) as { props: typeof before };
    expect(props.instance).toBe(after.instance);
    expect(await provider.diff("writer", props, inputs())).toMatchObject({ changes: true });
  });

  it("is found again by read, and is gone once its process has died", async () => {
    expect(await provider.read("writer", crew)).toMatchObject({ id: "writer" });
    expect(await provider.diff("writer", crew, inputs())).toEqual({ changes: false, replaces: [] });
    process.kill(-crew.pid, "SIGKILL");
    await expect.poll(() => provider.read("writer", crew)).toEqual({});
  });

  it("is started again by an update once it has died, and by nothing before", async () => {
    await expect.poll(() => provider.diff("writer", crew, inputs())).toMatchObject({ changes: true });
    await update(crew);
    expect(await isRunning(crew)).toBe(true);
    expect(await provider.diff("writer", crew, inputs())).toEqual({ changes: false, replaces: [] });
  });

  it("ends with everything it started, and ending it twice is fine", async () => {
    await provider.delete("writer", crew);
    await expect.poll(() => groupExists(crew.pid)).toBe(false);
    await provider.delete("writer", crew);
  });
});

describe("a crew as a local process", () => {
  let place: Place;
  const started: { pid: number; port: number; instance: string }[] = [];

  const inputs = (changes?: Record<string, unknown>) => inputsAt(place, changes);
  const standIn = async (says?: "something" | "nothing") => {
    const outs = await startStandIn(place.port, says);
    started.push(outs);
    return outs;
  };
  const record = (running: object) => {
    mkdirSync(crewHome(place.projectRoot, "writer"), { recursive: true });
    writeFileSync(join(crewHome(place.projectRoot, "writer"), "process.json"), JSON.stringify(running));
  };
  const create = async (changes: Record<string, unknown> = {}) => {
    const { outs } = await provider.create(inputs(changes));
    started.push(outs);
    return outs;
  };

  beforeAll(async () => void (await crewEnvironment()), 300_000);
  beforeEach(async () => void (place = await newPlace()));
  afterEach(async () => {
    for (const outs of started.splice(0)) await provider.delete("writer", { ...inputs(), url: "", ...outs });
    rmSync(place.projectRoot, { recursive: true, force: true });
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>, boolean]>([
    ["a state of a crew without payments, still without", {}, {}, false],
    ["headers of a collector", {}, { tracesHeaders: "x-api-key=k" }, true],
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

  it("is not taken for gone while its process exists and is silent", async () => {
    const silent = await standIn("nothing");
    await expect(exists(silent, crewHome(place.projectRoot, "writer"), 500)).rejects.toMatchObject({
      code: "CREW_SILENT",
      message: expect.stringContaining(`kill ${silent.pid}`) as string,
    });
    process.kill(silent.pid, "SIGKILL");
    await expect.poll(() => exists(silent, crewHome(place.projectRoot, "writer"), 500)).toBe(false);
  }, 30_000);

  it("leaves no orphan when an older copy of the state is destroyed", async () => {
    const before = { ...inputs(), url: "", pid: 1, instance: randomUUID() };
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
    await new Promise<void>((listening) => other.listen(place.port, "127.0.0.1", listening));
    await expect(create()).rejects.toMatchObject({ code: "CREW_PORT_TAKEN" });
    await new Promise((closed) => other.close(closed));
  });

  it("shows why a crew ends while starting, without the log before it", async () => {
    await expect(create({ declaration: "{}" })).rejects.toMatchObject({
      code: "CREW_EXITED",
      message: expect.stringMatching(/crew_runtime cannot serve the agent:[^]*crew\.log/) as string,
    });
    await expect(create({ declaration: "{}" })).rejects.not.toMatchObject({
      message: expect.stringContaining('"level"') as string,
    });
  });
});
