import { removeAgent } from "./api/accept.ts";
import type { Gate } from "./billing/gate.ts";
import { findAgents, usersWithAgents } from "./database/agents.ts";
import type { Database } from "./database/database.ts";

/**
 * Removes, as their owners would, the agents of users who have not paid for longer than the grace period: each finishes its open jobs
 * before it leaves the network.
 */
export async function drainLapsed(parts: {
  readonly database: Database;
  readonly gate: Gate;
  readonly now?: Date;
}): Promise<void> {
  const { database, gate, now = new Date() } = parts;
  const lapsed = (await gate.lapsed?.(now, await usersWithAgents(database))) ?? [];
  for (const id of lapsed) {
    const user = { id, email: null, isOperator: false };
    for (const agent of await findAgents(database, { userId: id }))
      await removeAgent(parts, user, agent.id, { byPerson: false });
  }
}
