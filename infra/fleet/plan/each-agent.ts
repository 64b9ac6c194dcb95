import { MasumiError, type OwnRow, ownRows } from "../../../providers/masumi/service/index.ts";
import type { Agent } from "../../declarations/index.ts";
import type { RegisteredUrls } from "../expected-url.ts";
import { type FleetInput, registeredUrls } from "../registrations.ts";
import { assertUnderstood, strayProblems } from "./skipped.ts";
import { WalletPool } from "../wallets.ts";

/** What is the same for all agents of a stack while they are judged one by one. */
export interface LiveFleet {
  /** The registrations of the stack's owner. */
  readonly own: readonly OwnRow[];
  readonly pool: WalletPool;
  readonly registered: RegisteredUrls;
}

/**
 * Returns the results of `judge` for each agent, in order, and the errors it threw: one agent's problem must not hide those
 * of the others.
 */
export function eachAgent<T>(
  input: FleetInput,
  judge: (agent: Agent, fleet: LiveFleet) => T,
): Omit<LiveFleet, "pool"> & { readonly results: T[]; readonly problems: MasumiError[] } {
  const { config, agents, survey } = input;
  const own = ownRows(survey.rows, config.owner);
  const registered = registeredUrls(input);
  const fleet = { own, registered, pool: new WalletPool(config) };
  const problems = strayProblems(input);
  const results = agents.flatMap((agent) => {
    try {
      assertUnderstood(input, agent);
      return [judge(agent, fleet)];
    } catch (error) {
      if (!(error instanceof MasumiError)) throw error;
      problems.push(error);
      return [];
    }
  });
  return { results, problems, own, registered };
}
