import { MasumiError, type OwnRow, ownRows } from "../../providers/masumi/service/index.ts";
import type { Agent } from "../declarations/index.ts";
import type { FleetInput } from "./plan.ts";
import { WalletPool } from "./wallets.ts";

/**
 * What `judge` says of each agent, in order, and what keeps agents from being judged. One agent's problem is no reason
 * to be silent about the others.
 */
export function eachAgent<T>(
  { config, agents, survey }: FleetInput,
  judge: (agent: Agent, own: readonly OwnRow[], pool: WalletPool) => T,
): { readonly results: T[]; readonly problems: MasumiError[]; readonly own: readonly OwnRow[] } {
  const own = ownRows(survey.rows, config.owner);
  const pool = new WalletPool(config);
  const problems: MasumiError[] = [];
  const results = agents.flatMap((agent) => {
    try {
      return [judge(agent, own, pool)];
    } catch (error) {
      if (!(error instanceof MasumiError)) throw error;
      problems.push(error);
      return [];
    }
  });
  return { results, problems, own };
}
