import type { Database, Queries } from "../database/database.ts";
import { type AgentState, changeAgents } from "../database/agents.ts";
import { allFleets, setDeclared } from "../database/fleets.ts";
import { type Author, type DeclarationRequest, openRequests, setCommit } from "../database/requests.ts";
import { type FileChange, OutrunError, type Repository } from "./repository.ts";

/** So many requests go into one commit. */
const MOST = 200;
const ATTEMPTS = 5;

/** Where a fleet's declarations are, and what else it needs in the repository. */
export interface FleetFiles {
  named(fleet: number): { readonly folder: string };
  missingFiles(fleet: number): Promise<readonly FileChange[]>;
  /** The newest commit that changed a fleet's files, by whomever. */
  newestCommit(fleet: number): Promise<string | undefined>;
}

export interface CommitterParts {
  readonly database: Database;
  readonly repository: Repository;
  readonly fleets: FleetFiles;
}

/**
 * Commits all that was accepted and is not committed yet; one portal at a time does so. Whoever is killed at whatever line, the next
 * look finds what is committed by the trailers of the commits, and goes on.
 *
 * @returns the fleets that have something new; undefined if another portal commits just now
 */
export async function commitRequests(
  { database, repository, fleets }: CommitterParts,
  signal?: AbortSignal,
): Promise<ReadonlySet<number> | undefined> {
  const lock = await database.tryLock("commits");
  if (!lock) return undefined;
  try {
    const changed = new Set<number>();
    const over = AbortSignal.any([lock.lost, ...(signal ? [signal] : [])]);
    for (;;) {
      const requests = await openRequests(database, MOST);
      if (requests.length === 0) return changed;
      const commits = await commitsOf(requests, { repository, fleets }, over);
      over.throwIfAborted();
      await database.transaction((queries) => note(queries, requests, commits));
      for (const { fleet } of requests) changed.add(fleet);
    }
  } finally {
    await lock.release();
  }
}

/**
 * Fetches what others have pushed, and notes it for the fleets that it changes: an operator's new setting is deployed like a customer's
 * new agent. Comes after commitRequests, so that no commit of a killed portal is taken for somebody else's.
 *
 * @returns false if another portal commits just now
 */
export async function noteForeignCommits(
  { database, repository, fleets }: CommitterParts,
  signal?: AbortSignal,
): Promise<boolean> {
  const lock = await database.tryLock("commits");
  if (!lock) return false;
  try {
    const over = AbortSignal.any([lock.lost, ...(signal ? [signal] : [])]);
    await repository.update(over);
    for (const { number, declaredCommit } of await allFleets(database)) {
      const newest = await fleets.newestCommit(number);
      over.throwIfAborted();
      if (newest !== undefined && newest !== declaredCommit) await setDeclared(database, number, newest);
    }
    return true;
  } finally {
    await lock.release();
  }
}

/** Returns each request's commit: one that is there already, or else a new one. */
async function commitsOf(
  requests: readonly DeclarationRequest[],
  { repository, fleets }: Pick<CommitterParts, "repository" | "fleets">,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  for (let attempt = 1; ; attempt += 1) {
    await repository.update(signal);
    const known = await repository.requestsOfNewest();
    const rest = requests.filter(({ id }) => !known.has(id));
    if (rest.length === 0) return known;
    try {
      const commit = await repository.commit(
        {
          subject: subjectOf(rest),
          changes: await changesOf(rest, fleets),
          authors: distinct(rest.map(({ author }) => author)),
          requests: rest.map(({ id }) => id),
        },
        signal,
      );
      return new Map([...known, ...rest.map(({ id }): [string, string] => [id, commit])]);
    } catch (error) {
      if (!(error instanceof OutrunError) || attempt === ATTEMPTS) throw error;
    }
  }
}

const VERBS = { create: "Add", change: "Change", delete: "Remove" } as const;

function subjectOf(requests: readonly DeclarationRequest[]): string {
  const [first] = requests;
  if (requests.length === 1 && first) return `${VERBS[first.kind]} agent ${first.agentId}`;
  return `${requests.length} changes of agents by their owners`;
}

/** Returns the files as the last request of each agent wants them, and those that a new fleet needs. */
async function changesOf(requests: readonly DeclarationRequest[], fleets: FleetFiles): Promise<FileChange[]> {
  const last = new Map(requests.map((request) => [request.agentId, request]));
  const ofFleets = await Promise.all(
    [...new Set(requests.map(({ fleet }) => fleet))].map((fleet) => fleets.missingFiles(fleet)),
  );
  return [
    ...ofFleets.flat(),
    ...[...last.values()].map(({ agentId, fleet, declaration }) => ({
      path: `${fleets.named(fleet).folder}/${agentId}.yaml`,
      text: declaration,
    })),
  ];
}

function distinct(authors: readonly Author[]): Author[] {
  return [...new Map(authors.map((author) => [author.email, author])).values()];
}

const STAYING: readonly AgentState[] = [
  "accepted",
  "declared",
  "starting",
  "running",
  "requested",
  "registered",
  "updating",
  "failed",
];

async function note(
  queries: Queries,
  requests: readonly DeclarationRequest[],
  commits: ReadonlyMap<string, string>,
): Promise<void> {
  const of = (wanted: DeclarationRequest["kind"]) => [
    ...new Set(requests.filter(({ kind }) => kind === wanted).map(({ agentId }) => agentId)),
  ];
  const created = of("create");
  await changeAgents(queries, created, { state: "declared" }, { step: "declared", from: ["accepted"] });
  // The state tells more than that a change is committed, but each change is a round of its own in the time line.
  const changed = of("change").filter((id) => !created.includes(id));
  await changeAgents(queries, changed, {}, { step: "declared", from: STAYING });
  for (const [commit, group] of Map.groupBy(requests, ({ id }) => commits.get(id))) {
    if (commit === undefined) throw new Error("every request has a commit by now");
    await setCommit(
      queries,
      group.map(({ id }) => id),
      commit,
    );
    for (const fleet of new Set(group.map(({ fleet }) => fleet))) await setDeclared(queries, fleet, commit);
  }
}
