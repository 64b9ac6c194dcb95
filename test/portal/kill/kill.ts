import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startPostgres } from "../../cloud/postgres.ts";
import { stopCrews } from "../../helpers/project.ts";
import { SandboxControl } from "../../helpers/sandbox-control.ts";
import { git } from "../../../portal/commits/git.ts";
import { findSandbox, openProject, stopSandbox } from "../../../stacks/index.ts";
import type { AgentView } from "../../../portal/api/schemas.ts";
import { PortalProcess } from "./portals.ts";

export interface KillPlan {
  readonly kills: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** What is left of all requests when everything has come to rest. */
export interface KillOutcome {
  /** What ended otherwise than as declared. */
  readonly faults: readonly string[];
  readonly accepted: number;
}

const SETTLES_WITHIN_MS = 240_000;

/** Numbers between 0 and 1 that are the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What a user was promised: the agent as it was last declared, or that it is gone. */
type Wanted = Map<string, { bio: string; isGone: boolean }>;

/**
 * Kills one of two portals side by side at random moments while agents are created, changed and deleted; both use one PostgreSQL, one
 * repository and one sandbox. Then waits until all is at rest, and compares what is there with what was accepted.
 */
export async function killPortals({ kills, seed, say }: KillPlan): Promise<KillOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "masumi-portal-kill-"));
  const postgres = await startPostgres(join(folder, "postgres.log"));
  const env = {
    DATABASE_URL: `postgres://${postgres.user}@127.0.0.1:${postgres.port}/${postgres.database}`,
    PORTAL_FOLDER: join(folder, "portal"),
    PORTAL_CHAIN_SPEED: "instant",
    PORTAL_PORT: "0",
    PORTAL_BILLING: "none",
    PORTAL_BURST: "1000",
    PORTAL_BATCH_MS: "200",
  };
  const portals = [new PortalProcess(env), new PortalProcess(env)];
  const random = randomOf(seed);
  const wanted: Wanted = new Map();
  try {
    for (const portal of portals) await portal.start();
    for (let count = 1; count <= kills; count += 1) {
      const [victim, other] = random() < 0.5 ? portals : portals.toReversed();
      if (!victim || !other) throw new Error("there are two portals");
      const acting = act(random, [victim, other], wanted, count);
      const after = Math.round(random() * 12_000);
      await sleep(after);
      await victim.kill();
      await acting;
      say(`${count}: killed after ${after} ms; ${wanted.size} agents`);
      await victim.start();
    }
    await settled(portals, wanted);
    return { faults: await faultsOf(folder, portals, wanted), accepted: wanted.size };
  } finally {
    for (const portal of portals) await portal.kill();
    say(portals.map(({ said }) => said).join(""));
    await stopCrews(join(folder, "portal", "project"));
    await stopSandbox(openProject(join(folder, "portal", "project")));
    await postgres.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Sends what it would like; what no portal accepted, because it was killed first, was never promised. */
async function act(random: () => number, portals: readonly PortalProcess[], wanted: Wanted, count: number) {
  for (let index = 0; index < 2; index += 1) {
    const portal = portals[Math.floor(random() * portals.length)];
    const staying = [...wanted].filter(([, { isGone }]) => !isGone).map(([id]) => id);
    const id = staying[Math.floor(random() * staying.length)];
    const what = random();
    const bio = `Bio ${count}-${index}`;
    if (!portal) continue;
    if (id === undefined || what < 0.6) {
      const form = {
        name: `Agent ${count}-${index}`,
        bio,
        description: "Answers.",
        template: "support-desk",
      };
      const key = `${count}-${index}`;
      const answer = await repeated(portals, (url, headers) =>
        fetch(`${url}/agent`, {
          method: "POST",
          body: JSON.stringify(form),
          headers: { ...headers, "Idempotency-Key": key },
        }),
      );
      wanted.set((answer as { agentId: string }).agentId, { bio, isGone: false });
    } else if (what < 0.8) {
      await repeated(portals, (url, headers) =>
        fetch(`${url}/agents/${id}`, { method: "PATCH", body: JSON.stringify({ bio }), headers }),
      );
      wanted.set(id, { bio, isGone: false });
    } else {
      await repeated(portals, (url, headers) => fetch(`${url}/agents/${id}`, { method: "DELETE", headers }));
      wanted.set(id, { bio, isGone: true });
    }
  }
}

/** Sends a request until a portal answers it, as a client does that got no answer. */
async function repeated(
  portals: readonly PortalProcess[],
  send: (url: string, headers: Record<string, string>) => Promise<Response>,
): Promise<unknown> {
  for (let attempt = 0; ; attempt += 1) {
    const { url } = portals[attempt % portals.length] ?? { url: "" };
    try {
      const response = await send(url, {
        "Content-Type": "application/json",
        Authorization: await token(url),
      });
      if (response.ok) return await response.json();
      if (response.status < 500) throw new Refused(`${response.status} ${await response.text()}`);
    } catch (error) {
      if (error instanceof Refused || attempt > 200) throw error;
    }
    await sleep(300);
  }
}

class Refused extends Error {}

async function token(url: string): Promise<string> {
  const response = await fetch(`${url}/sign-in`, {
    method: "POST",
    body: JSON.stringify({ email: "anna@example.com" }),
    headers: { "Content-Type": "application/json" },
  });
  return `Bearer ${((await response.json()) as { token: string }).token}`;
}

async function agentsOf(portal: PortalProcess): Promise<AgentView[]> {
  const headers = { Authorization: await token(portal.url) };
  return ((await (await fetch(`${portal.url}/agents`, { headers })).json()) as { agents: AgentView[] })
    .agents;
}

async function settled([portal]: readonly PortalProcess[], wanted: Wanted): Promise<void> {
  if (!portal) return;
  const end = Date.now() + SETTLES_WITHIN_MS;
  for (;;) {
    const agents = await agentsOf(portal);
    const isRight = agents.every(
      ({ agentId, state }) => state === (wanted.get(agentId)?.isGone ? "deregistered" : "registered"),
    );
    if (isRight || Date.now() > end) return;
    await sleep(1000);
  }
}

async function faultsOf(
  folder: string,
  [portal]: readonly PortalProcess[],
  wanted: Wanted,
): Promise<string[]> {
  if (!portal) return [];
  const faults: string[] = [];
  const agents = await agentsOf(portal);
  if (agents.length !== wanted.size) faults.push(`${agents.length} agents, ${wanted.size} accepted`);
  for (const { agentId, state, bio, problem } of agents) {
    const { isGone = false, bio: said = "" } = wanted.get(agentId) ?? {};
    if (state !== (isGone ? "deregistered" : "registered")) {
      faults.push(`${agentId} is ${state}: ${JSON.stringify(problem)}`);
    }
    if (!isGone && bio !== said) faults.push(`${agentId} says "${bio}", not "${said}"`);
  }
  const sandbox = await findSandbox(openProject(join(folder, "portal", "project")));
  const rows = sandbox ? await new SandboxControl(sandbox.url).rows() : [];
  for (const { agentId, name } of agents) {
    const own = rows.filter((row) => row.name === name);
    if (own.length > 1) faults.push(`${agentId} was registered ${own.length} times`);
  }
  const log = await git(join(folder, "portal", "repository.git"), [
    "log",
    "--format=%(trailers:key=Request,valueonly)",
    "main",
  ]);
  const requests = log.split("\n").filter(Boolean);
  if (new Set(requests).size !== requests.length) faults.push("a request is in two commits");
  return faults;
}
