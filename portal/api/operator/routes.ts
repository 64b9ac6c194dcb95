import type { Hono } from "hono";
import { formatAda } from "../../../providers/common/amounts.ts";
import { hasStableCode } from "../../../providers/common/coded-error.ts";
import { type DriftDocument, driftDocument } from "../../../stacks/documents.ts";
import { findStackDrift, openService, readStack } from "../../../stacks/read-stack.ts";
import { readSpending } from "../../../stacks/spent.ts";
import { UserError } from "../../../stacks/user-error.ts";
import { findAgents } from "../../database/agents.ts";
import { type FleetRow, allFleets } from "../../database/fleets.ts";
import { type RunRow, findRun, lastRuns } from "../../database/runs.ts";
import type { ApiEnv, ApiParts } from "../context.ts";
import type { DriftView, FleetView, RunWithLogView, SpendingView, WalletView } from "./schemas.ts";
import { notFound, notKnown, operatorsOnly } from "../problems.ts";
import { runView, viewsOf } from "../view.ts";

const MOST_RUNS = 100;
const ANSWERS_WITHIN_MS = 30_000;
/** A wallet with less cannot register another agent: 5 ADA are locked beside its token, and a fee. */
const LOW_LOVELACE = 10_000_000n;

/** /operator/*: what only operators see, of all fleets. */
export function operatorRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  const { database, fleets } = parts;
  const idOf = (number: number) => fleets.named(number).id;
  app.use("/operator/*", async (context, next) => {
    if (!context.get("user").isOperator) throw operatorsOnly();
    await next();
  });
  app.get("/operator/agents", async (context) =>
    context.json({ agents: await viewsOf(database, await findAgents(database, {}), { forOperator: true }) }),
  );
  app.get("/operator/fleets", async (context) => context.json({ fleets: await fleetsOf(parts) }));
  app.get("/operator/wallets", async (context) => context.json({ wallets: await walletsOf(parts) }));
  app.get("/operator/spent", async (context) => context.json(await spentBy(parts)));
  app.get("/operator/drift", async (context) => {
    const compared = await deployedFleets(parts);
    const found = await Promise.all(compared.map((fleet) => driftOf(parts, fleet)));
    const checkedAt = compared.length === 0 ? null : new Date().toISOString();
    return context.json<DriftView>({ checkedAt, drift: found.flat() });
  });
  app.get("/operator/runs", async (context) => {
    const runs = await lastRuns(database, MOST_RUNS);
    return context.json({ runs: runs.map((run) => runView(run, idOf(run.fleet))) });
  });
  app.get("/operator/runs/:id", async (context) => {
    const run = await findRun(database, context.req.param("id"));
    if (!run) throw notFound();
    return context.json<RunWithLogView>({ ...runView(run, idOf(run.fleet)), log: run.log });
  });
}

/** What keeps the portal from asking, such as a key that it does not have, is for its operator to see, and no fault of its program. */
function notNow(error: unknown): never {
  throw error instanceof UserError || hasStableCode(error) ? notKnown(error.message) : error;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const optionsOf = ({ env }: ApiParts) => ({ env, signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) });

const deployedFleets = async ({ database }: ApiParts): Promise<FleetRow[]> =>
  (await allFleets(database)).filter(({ deployedCommit }) => deployedCommit !== null);

async function fleetsOf({ database, fleets, settings }: ApiParts): Promise<FleetView[]> {
  const [all, agents, runs] = await Promise.all([
    allFleets(database),
    findAgents(database, {}),
    lastRuns(database, MOST_RUNS),
  ]);
  return all.map((fleet) => {
    const { number, declaredCommit: commit, deployedCommit } = fleet;
    const { id, stack } = fleets.named(number);
    const last = runs.find((run) => run.fleet === number);
    return {
      id,
      stack,
      agents: agents.filter((agent) => agent.fleet === number && agent.state !== "deregistered").length,
      most: settings.PORTAL_FLEET_SIZE,
      state: stateOf(fleet, last),
      commit,
      deployedCommit,
      lastRunAt: last?.startedAt.toISOString() ?? null,
    };
  });
}

function stateOf(
  { declaredCommit, deployedCommit, failures }: FleetRow,
  last: RunRow | undefined,
): FleetView["state"] {
  if (last?.endedAt === null) return "running";
  if (failures > 0) return "failed";
  return declaredCommit === deployedCommit ? "deployed" : "behind";
}

/** Returns the wallets that the fleets share, with what is at their addresses; null where that is not known. */
async function walletsOf(parts: ApiParts): Promise<WalletView[]> {
  const { fleets, database } = parts;
  const options = optionsOf(parts);
  const { config, client } = await openService(fleets.project, fleets.model, options).catch(notNow);
  const names = (await allFleets(database)).map(({ number }) => fleets.named(number).id);
  return Promise.all(
    config.wallets.map(async ({ vkey, type, address }) => {
      const asked = address ? client.balanceLovelace(config.network, address, options) : undefined;
      // What cannot be told of one wallet hides nothing of the others.
      const [balance, detail] = (await asked?.then(
        (lovelace) => [lovelace, null] as const,
        (error: unknown) => [undefined, messageOf(error)] as const,
      )) ?? [undefined, "The stack's settings do not say its address."];
      return {
        vkey,
        address: address ?? null,
        type,
        fleets: names,
        ada: balance === undefined ? null : formatAda(balance),
        low: balance !== undefined && balance < LOW_LOVELACE,
        detail,
      };
    }),
  );
}

/** Returns what all fleets spent, and when. */
async function spentBy(parts: ApiParts): Promise<SpendingView> {
  const { fleets } = parts;
  const spent = await Promise.all(
    (await deployedFleets(parts)).map(({ number }) =>
      readSpending(fleets.projectOf(number), { stack: fleets.named(number).stack }, optionsOf(parts)),
    ),
  );
  const sum = (of: readonly string[]) =>
    formatAda(of.reduce((total, lovelace) => total + BigInt(lovelace), 0n));
  const byMonth = Map.groupBy(
    spent.flatMap(({ rows }) => rows),
    ({ month }) => month,
  );
  return {
    fees: sum(spent.map(({ total }) => total.feeLovelace)),
    locked: sum(spent.flatMap(({ total }) => [total.lockedLovelace, `-${total.freedLovelace}`])),
    // The ledger sums up by months.
    days: [...byMonth].map(([day, rows]) => ({
      day,
      fees: sum(rows.map(({ feeLovelace }) => feeLovelace)),
      registrations: rows.reduce((total, { registrations }) => total + registrations, 0),
    })),
  };
}

type Difference = DriftView["drift"][number];

/** Returns where what is registered differs from what is declared. What cannot be told of one fleet hides nothing of the others. */
function driftOf(parts: ApiParts, fleet: FleetRow): Promise<Difference[]> {
  const { id } = parts.fleets.named(fleet.number);
  return differencesOf(parts, fleet).catch((error: unknown) => [
    { fleet: id, agentId: null, kind: "problem", detail: messageOf(error) },
  ]);
}

async function differencesOf(parts: ApiParts, { number }: FleetRow): Promise<Difference[]> {
  const { id: fleet, stack: name } = parts.fleets.named(number);
  const options = optionsOf(parts);
  const stack = await readStack(parts.fleets.projectOf(number), name, options);
  const { agents, orphans, problems } = driftDocument(stack, await findStackDrift(stack, options.signal), []);
  return [
    ...agents.filter(isDrifted).map((agent) => ({
      fleet,
      agentId: agent.id,
      kind: agent.status,
      detail: [
        ...agent.fields.map(({ field }) => field),
        ...agent.duplicates.map(({ registrationId }) => `a second registration: ${registrationId}`),
      ].join(", "),
    })),
    ...orphans.map(({ registrationId: id }) => ({
      fleet,
      agentId: null,
      kind: "orphan",
      detail: `registration ${id}`,
    })),
    ...problems.map(({ message }) => ({ fleet, agentId: null, kind: "problem", detail: message })),
  ];
}

const isDrifted = ({ status, duplicates }: DriftDocument["agents"][number]): boolean =>
  status !== "same" || duplicates.length > 0;
