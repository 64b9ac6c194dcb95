import type { Hono } from "hono";
import { type AgentRow, findAgents } from "../../database/agents.ts";
import { allFleets } from "../../database/fleets.ts";
import { findAuthors } from "../../database/requests.ts";
import { unlessAborted } from "../../unless-aborted.ts";
import type { ApiEnv, ApiParts } from "../context.ts";
import { notKnown } from "../problems.ts";
import type { FleetCosts } from "./desk.ts";
import type { AllCostsView, CostsView } from "./schemas.ts";
import { type Missing, costsView, customersView } from "./view.ts";

/** Whoever asks waits no longer, be it for those before them. */
const WITHIN_MS = 60_000;

/** GET /me/costs, and GET /operator/costs, which is guarded with the operators' other routes. */
export function costsRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  const { database, say } = parts;
  app.get("/me/costs", async (context) => {
    const agents = await findAgents(database, { userId: context.get("user").id });
    const { fleets, missing } = await readAll(parts, agents, context.req.raw.signal).catch(
      (error: unknown) => {
        if (context.req.raw.signal.aborted) throw error;
        say(`What agents cost could not be read: ${String(error)}`);
        throw notKnown("What your agents cost cannot be read just now. The portal will try again.");
      },
    );
    return context.json<CostsView>(costsView(agents, fleets, missing));
  });
  app.get("/operator/costs", async (context) => {
    const agents = await findAgents(database, {});
    const { fleets, missing } = await readAll(parts, agents, context.req.raw.signal);
    const authors = await findAuthors(
      database,
      agents.map(({ id }) => id),
    );
    const names = new Map(agents.map(({ id, userId }) => [userId, authors.get(id) ?? userId]));
    return context.json<AllCostsView>({
      ...costsView(agents, fleets, missing),
      missing: [...missing],
      customers: customersView(agents, fleets, names),
    });
  });
}

/** Returns what the fleets of agents cost. Of one that cannot be read, all agents are missing; that hides nothing of the others. */
async function readAll(
  { database, costs }: Pick<ApiParts, "database" | "costs">,
  agents: readonly AgentRow[],
  leaving: AbortSignal,
): Promise<{ readonly fleets: readonly FleetCosts[]; readonly missing: readonly Missing[] }> {
  const wanted = new Set(agents.map(({ fleet }) => fleet));
  const deployed = (await allFleets(database)).filter(
    ({ number, deployedCommit }) => wanted.has(number) && deployedCommit !== null,
  );
  const signal = AbortSignal.any([AbortSignal.timeout(WITHIN_MS), leaving]);
  const read = await Promise.all(
    deployed.map(({ number }) =>
      unlessAborted(signal, () => costs.of(number)).catch((error: unknown) => {
        leaving.throwIfAborted();
        const reason = error instanceof Error ? error.message : String(error);
        return agents.filter(({ fleet }) => fleet === number).map(({ id }) => ({ agentId: id, reason }));
      }),
    ),
  );
  const fleets = read.filter((one): one is FleetCosts => "document" in one);
  const unread = fleets.flatMap(({ document }) => document.unread);
  return {
    fleets,
    missing: [
      ...read.flatMap((one) => ("document" in one ? [] : one)),
      ...unread.map(({ agent, reason }) => ({ agentId: agent, reason })),
    ],
  };
}
