/**
 * `npm run bench:portal [-- --agents 500 --users 50 --at-once 8]`: what the portal costs when many agents are created at once, with an
 * instant chain, beside one `up` of the same declarations. Prints a table; asserts nothing. Linux only.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { formatTable } from "../../cli/table.ts";
import { Repository } from "../../portal/commits/repository.ts";
import { recordedCrews } from "../../providers/crew-process/local/index.ts";
import { findSandbox, openProject, prepareLocalStack, stopSandbox } from "../../stacks/index.ts";
import { TestProject, crewEnvironment, stopCrews } from "../helpers/project.ts";
import { SandboxControl } from "../helpers/sandbox-control.ts";
import { PortalProcess } from "../portal/kill/portals.ts";
import { MemoryWatch } from "./process-memory.ts";

const { values } = parseArgs({
  options: {
    agents: { type: "string", default: "500" },
    users: { type: "string", default: "50" },
    "at-once": { type: "string", default: "8" },
  },
});
const AGENTS = Number(values.agents);
const USERS = Number(values.users);
const AT_ONCE = Number(values["at-once"]);
const LOOK_EACH_MS = 500;
const ENDS_WITHIN_MS = 900_000;

interface Measured {
  readonly seconds: number;
  readonly requests: Readonly<Record<string, number>>;
  /** Peaks in MiB. */
  readonly memory: ReadonlyMap<string, number>;
}

interface Burst extends Measured {
  /** Milliseconds of each answer, ascending. */
  readonly answers: readonly number[];
  readonly burstSeconds: number;
}

const post = async (url: string, body: unknown, headers: Readonly<Record<string, string>> = {}) => {
  const response = await fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", ...headers },
  });
  const answer = (await response.json()) as { token: string };
  if (!response.ok) throw new Error(`${url}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
};

/** Creates all agents, so many at once, and returns how long each answer took. */
async function create(url: string): Promise<number[]> {
  const users = Array.from({ length: USERS }, (_, index) => `user-${index}@example.com`);
  const tokens = await Promise.all(
    users.map(async (email) => (await post(`${url}/sign-in`, { email })).token),
  );
  const left = Array.from({ length: AGENTS }, (_, index) => index);
  const answers: number[] = [];
  const client = async () => {
    for (let index = left.shift(); index !== undefined; index = left.shift()) {
      const form = {
        name: `Desk ${index}`,
        bio: `We are shop ${index}, and sell bicycles.`,
        description: `Answers questions of the customers of shop ${index}.`,
        template: "support-desk",
      };
      const started = performance.now();
      await post(`${url}/agent`, form, { Authorization: `Bearer ${tokens[index % USERS]}` });
      answers.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  return answers.toSorted((a, b) => a - b);
}

async function untilRegistered(url: string): Promise<void> {
  const end = Date.now() + ENDS_WITHIN_MS;
  for (;;) {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const [, count = "0"] = /^\S*\{[^}]*state="registered"[^}]*\} (\d+)$/m.exec(metrics) ?? [];
    if (Number(count) === AGENTS) return;
    if (Date.now() > end) throw new Error(`${count} of ${AGENTS} are registered`);
    await sleep(LOOK_EACH_MS);
  }
}

const memoryOf = (watch: MemoryWatch, services: readonly MemoryWatch[]): ReadonlyMap<string, number> =>
  new Map<string, number>([
    ...watch.stop(),
    // Also those of runs that are over.
    ["crew services", services.flatMap((each) => [...each.stop().values()]).reduce((a, b) => a + b, 0)],
  ]);

function watchServices(root: string): readonly MemoryWatch[] {
  return recordedCrews(root).map(({ pid }) => new MemoryWatch(pid));
}

async function benchPortal(folder: string, portal: PortalProcess): Promise<Burst> {
  await portal.start();
  const project = openProject(join(folder, "project"));
  const sandbox = await findSandbox(project);
  if (!sandbox) throw new Error("the portal has a sandbox");
  const control = new SandboxControl(sandbox.url);
  await control.resetRequests();
  const watch = new MemoryWatch(portal.pid);
  const started = performance.now();
  const answers = await create(portal.url);
  const burstSeconds = (performance.now() - started) / 1000;
  await untilRegistered(portal.url);
  const seconds = (performance.now() - started) / 1000;
  const services = watchServices(project.root);
  await sleep(1000);
  return {
    answers,
    burstSeconds,
    seconds,
    requests: await control.requests(),
    memory: memoryOf(watch, services),
  };
}

/** Deploys what the portal committed as one stack, as an engineer would. */
async function benchUp(folder: string): Promise<Measured> {
  const repository = new Repository(join(folder, "repository.git"));
  const commit = (await repository.head()) ?? "";
  const project = new TestProject();
  try {
    const fleets = Math.ceil(AGENTS / 100) + 1;
    for (let fleet = 1; fleet <= fleets; fleet += 1) {
      const files = await repository.filesOf(commit, `agents/customers-${String(fleet).padStart(2, "0")}`);
      for (const [name, text] of files) if (name.endsWith(".yaml")) project.write(`agents/${name}`, text);
    }
    const { exitCode } = await project.run("sandbox", "--chain-speed", "instant");
    const opened = openProject(project.root);
    const sandbox = await findSandbox(opened);
    if (exitCode !== 0 || !sandbox) throw new Error("the sandbox did not start");
    await prepareLocalStack(opened, {
      sandboxUrl: sandbox.url,
      settings: { "masumi:hosting": "shared", "masumi:shared": '{"on":"process"}' },
    });
    const control = new SandboxControl(sandbox.url);
    await control.resetRequests();
    const started = performance.now();
    const { child, done } = project.start("up", "--json");
    const watch = new MemoryWatch(child.pid ?? 0);
    const result = await done;
    if (result.exitCode !== 0) throw new Error(result.stderr.slice(-3000));
    const seconds = (performance.now() - started) / 1000;
    const services = watchServices(project.root);
    await sleep(1000);
    return { seconds, requests: await control.requests(), memory: memoryOf(watch, services) };
  } finally {
    await stopSandbox(openProject(project.root));
    await project.dispose();
  }
}

const percentile = (sorted: readonly number[], part: number) =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(0);

/** How many requests a list of registrations takes grows with its length and with the time, not with what is asked for. */
const PAGES = ["GET /registry", "GET /registry/diff", "GET /registry/count"];

function rowOf(what: string, { seconds, requests, memory }: Measured): string[] {
  const sum = (routes: readonly string[]) =>
    routes.reduce((total, route) => total + (requests[route] ?? 0), 0);
  const [count, pages] = [sum(Object.keys(requests)), sum(PAGES)];
  return [
    what,
    seconds.toFixed(1),
    `${((count - pages) / AGENTS).toFixed(2)}\n+ ${(pages / AGENTS).toFixed(2)} for pages`,
    [...memory].map(([role, mib]) => `${mib.toFixed(0)} ${role}`).join("\n"),
    Object.entries(requests)
      .toSorted((a, b) => b[1] - a[1])
      .map(([route, times]) => `${times} ${route}`)
      .join("\n"),
  ];
}

await crewEnvironment();
const folder = mkdtempSync(join(tmpdir(), "masumi-portal-bench-"));
const portal = new PortalProcess({
  PORTAL_FOLDER: folder,
  PORTAL_PORT: "0",
  PORTAL_BILLING: "none",
  PORTAL_CHAIN_SPEED: "instant",
  PORTAL_BURST: "100000",
  PORTAL_REGISTRATIONS_A_DAY: "100000",
});
try {
  const burst = await benchPortal(folder, portal);
  await portal.kill();
  await stopCrews(join(folder, "project"));
  const up = await benchUp(folder);
  process.stdout.write(
    `${new Date().toISOString().slice(0, 10)}, ${AGENTS} agents of ${USERS} customers, ${AT_ONCE} requests at a time, ` +
      `${availableParallelism()} cores, Node ${process.version}, chain instant, embedded database\n\n` +
      `The answer 202 takes ${percentile(burst.answers, 0.5)} ms (p50), ${percentile(burst.answers, 0.95)} ms (p95), ` +
      `${percentile(burst.answers, 1)} ms (longest); all are accepted after ${burst.burstSeconds.toFixed(1)} s.\n\n`,
  );
  process.stdout.write(
    formatTable(
      ["agents by", "seconds", "requests each", "MiB", "requests"],
      [rowOf("portal", burst), rowOf("one up", up)],
    ),
  );
} finally {
  await portal.kill();
  await stopCrews(join(folder, "project"));
  await stopSandbox(openProject(join(folder, "project")));
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
