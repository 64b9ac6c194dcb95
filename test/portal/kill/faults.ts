import { readFileSync, readdirSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { openDatabase } from "../../../portal/database/open.ts";
import { folderStore } from "../../../portal/documents/folder.ts";
import { sweepDocuments } from "../../../portal/documents/sweep.ts";
import type { AgentView } from "../../../portal/api/schemas.ts";
import { git } from "../../../portal/commits/git.ts";
import { findSandbox, openProject } from "../../../stacks/index.ts";
import { SandboxControl } from "../../helpers/sandbox-control.ts";
import type { Promised } from "./clients.ts";

/** Where what is compared with the promises is. */
export interface Place {
  /** The portals' folder. */
  readonly folder: string;
  readonly databaseUrl: string;
}

/** Returns all that is otherwise than was promised, when everything has come to rest. */
export async function faultsOf(
  place: Place,
  agents: readonly AgentView[],
  promised: Promised,
): Promise<readonly string[]> {
  return [
    ...(agents.length === promised.size ? [] : [`${agents.length} agents, ${promised.size} accepted`]),
    ...agents.flatMap((agent) => faultsOfAgent(agent, promised)),
    ...(await faultsOfRegistrations(place, agents)),
    ...(await faultsOfCommits(place, promised)),
    ...(await faultsOfDocuments(place, promised)),
  ];
}

function faultsOfAgent({ agentId, state, bio, problem, documents }: AgentView, promised: Promised): string[] {
  const wanted = promised.get(agentId);
  if (!wanted) return [`${agentId} was never accepted`];
  const end = wanted.isGone ? "deregistered" : "registered";
  if (state !== end) return [`${agentId} is ${state}, not ${end}: ${JSON.stringify(problem)}`];
  if (wanted.isGone) return [];
  const has = documents.map(({ sha256 }) => sha256).toSorted();
  const isRight = sameTexts(has, [...wanted.documents.values()]);
  return [
    ...(bio === wanted.bio ? [] : [`${agentId} says "${bio}", not "${wanted.bio}"`]),
    ...(isRight ? [] : [`${agentId} has other documents than it was given`]),
  ];
}

const sameTexts = (one: readonly string[], other: readonly string[]): boolean =>
  one.toSorted().join(" ") === other.toSorted().join(" ");

async function faultsOfRegistrations({ folder }: Place, agents: readonly AgentView[]): Promise<string[]> {
  const sandbox = await findSandbox(openProject(join(folder, "project")));
  if (!sandbox) return ["the sandbox does not run any more"];
  const rows = Map.groupBy(await new SandboxControl(sandbox.url).rows(), ({ name }) => name);
  return agents.flatMap(({ agentId, name, state }) => {
    const count = rows.get(name)?.length ?? 0;
    const isRight = count === 1 || (count === 0 && state === "deregistered");
    return isRight ? [] : [`${agentId} was registered ${count} times`];
  });
}

/** Each request is in one commit, and the newest one declares what was promised. */
async function faultsOfCommits({ folder }: Place, promised: Promised): Promise<string[]> {
  const repository = join(folder, "repository.git");
  const log = await git(repository, ["log", "--format=%(trailers:key=Request,valueonly)", "main"]);
  const requests = log.split("\n").filter(Boolean);
  const faults = new Set(requests).size === requests.length ? [] : ["a request is in two commits"];
  const files = (await git(repository, ["ls-tree", "-r", "--name-only", "main"])).split("\n");
  for (const [id, { bio, documents, isGone }] of promised) {
    const path = files.find((file) => file.endsWith(`/${id}.yaml`));
    if (isGone !== (path === undefined)) faults.push(`${id}: its file is ${path ?? "not there"}`);
    if (path === undefined) continue;
    const text = await git(repository, ["cat-file", "blob", `main:${path}`]);
    const stored = [...text.matchAll(/stored: ([0-9a-f]{64})/g)].map(([, digest = ""]) => digest);
    if (!text.includes(bio)) faults.push(`${path} does not say ${bio}`);
    if (!sameTexts(stored, [...documents.values()])) faults.push(`${path} names other documents`);
  }
  return faults;
}

/** Every document that an agent has is there as it came, and after a sweep no other. */
async function faultsOfDocuments({ folder, databaseUrl }: Place, promised: Promised): Promise<string[]> {
  const { database } = await openDatabase({ url: databaseUrl, folder });
  const documents = join(folder, "documents");
  try {
    // What the newest commit declares was compared with the promises before.
    const fleets = { declarations: () => Promise.resolve([]) };
    await sweepDocuments({ database, documents: folderStore(documents), fleets, keepDays: -1 });
  } finally {
    await database.close();
  }
  const staying = [...promised.values()].filter(({ isGone }) => !isGone);
  const wanted = new Set(staying.flatMap(({ documents: own }) => [...own.values()]));
  const found = readdirSync(documents, { withFileTypes: true }).filter((entry) => entry.isFile());
  const sound = found.filter(
    ({ name }) =>
      createHash("sha256")
        .update(readFileSync(join(documents, name)))
        .digest("hex") === name,
  );
  const there = new Set(sound.map(({ name }) => name));
  return [
    ...[...wanted].filter((digest) => !there.has(digest)).map((digest) => `document ${digest} is lost`),
    ...found.filter(({ name }) => !wanted.has(name)).map(({ name }) => `document ${name} is nobody's`),
    ...readdirSync(join(documents, "incoming")).map((name) => `${name} is left of a document`),
  ];
}
