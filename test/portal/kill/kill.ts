import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startPostgres } from "../../cloud/postgres.ts";
import { stopCrews } from "../../helpers/project.ts";
import { openServer } from "../../../portal/database/server.ts";
import { openProject, stopSandbox } from "../../../stacks/index.ts";
import { type Promised, act, agentsOf } from "./clients.ts";
import { faultsOf } from "./faults.ts";
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

const LONGEST_LIFE_MS = 12_000;
const SETTLES_WITHIN_MS = 240_000;
const LINES_SHOWN = 4;

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

/**
 * Kills one of two portals side by side at random moments while agents with documents are created, changed and deleted; both use one
 * PostgreSQL, one repository and one sandbox. Then waits until all is at rest, and compares what is there with what was accepted.
 */
export async function killPortals({ kills, seed, say }: KillPlan): Promise<KillOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "masumi-portal-kill-"));
  const postgres = await startPostgres(join(folder, "postgres.log"));
  const place = {
    folder: join(folder, "portal"),
    databaseUrl: `postgres://${postgres.user}@127.0.0.1:${postgres.port}/${postgres.database}`,
  };
  const env = {
    DATABASE_URL: place.databaseUrl,
    PORTAL_FOLDER: place.folder,
    PORTAL_CHAIN_SPEED: "instant",
    PORTAL_PORT: "0",
    PORTAL_BILLING: "none",
    PORTAL_BURST: "1000",
    PORTAL_REGISTRATIONS_A_DAY: "1000",
    PORTAL_BATCH_MS: "200",
    PORTAL_FLEET_SIZE: "25",
  };
  const [first, second] = [new PortalProcess(env), new PortalProcess(env)];
  const promised: Promised = new Map();
  try {
    for (const portal of [first, second]) await portal.start();
    await killAll([first, second], { kills, seed, say }, promised);
    await settled(first, promised);
    return { faults: await faultsOf(place, await agentsOf(first), promised), accepted: promised.size };
  } finally {
    for (const portal of [first, second]) await portal.kill();
    say([first, second].map(({ said }) => said).join(""));
    unusableIn(join(place.folder, "project")).forEach(say);
    (await failedRuns(place.databaseUrl)).forEach(say);
    await stopCrews(join(place.folder, "project"));
    await stopSandbox(openProject(join(place.folder, "project")));
    await postgres.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns what the crew service said of agents that it could not use: their portals are told no more than that. */
function unusableIn(project: string): string[] {
  return globSync(".masumi/stacks/*/crews/_shared/crew.log", { cwd: project }).flatMap((file) =>
    readFileSync(join(project, file), "utf8")
      .split("\n")
      .filter((line) => line.includes('"agent_unusable"')),
  );
}

/** Returns why runs failed, with how many of them: an agent is told only that it is tried again. */
async function failedRuns(url: string): Promise<string[]> {
  const database = openServer(url);
  try {
    const rows = await database.query<{ log: string }>("SELECT log FROM portal_runs WHERE NOT ok");
    const counted = Map.groupBy(rows, ({ log }) => {
      const lines = log.trimEnd().split("\n");
      const reasons = lines.filter((line) => /\berror\b|^[A-Z_]+:/i.test(line));
      return [...reasons.slice(0, LINES_SHOWN), ...lines.slice(-LINES_SHOWN)].join("\n");
    });
    return [...counted].map(([reason, runs]) => `${runs.length} runs failed: ${reason}`);
  } finally {
    await database.close();
  }
}

async function killAll(
  pair: readonly [PortalProcess, PortalProcess],
  { kills, seed, say }: KillPlan,
  promised: Promised,
): Promise<void> {
  const random = randomOf(seed);
  for (let count = 1; count <= kills; count += 1) {
    const [victim, other] = random() < 0.5 ? pair : [pair[1], pair[0]];
    const acting = act({ random, portals: [victim, other], promised, count });
    const after = Math.round(random() * LONGEST_LIFE_MS);
    await sleep(after);
    await victim.kill();
    await acting;
    say(`${count}: killed after ${after} ms; ${promised.size} agents`);
    await victim.start();
  }
}

async function settled(portal: PortalProcess, promised: Promised): Promise<void> {
  const end = Date.now() + SETTLES_WITHIN_MS;
  for (;;) {
    const isRight = (await agentsOf(portal)).every(
      ({ agentId, state }) => state === (promised.get(agentId)?.isGone ? "deregistered" : "registered"),
    );
    if (isRight || Date.now() > end) return;
    await sleep(1000);
  }
}
