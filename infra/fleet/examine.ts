import type { MasumiClient, MasumiError } from "../../providers/masumi/service/index.ts";
import type { StackConfig } from "../config.ts";
import type { Agent } from "../declarations/index.ts";
import { approvalProblem, checksumOf } from "./checksum.ts";
import { type WalletFunds, fundsProblem, readFunds } from "./funds.ts";
import { limitProblem } from "./refusals.ts";
import { type FleetInput, type FleetPlan, planFleet } from "./plan.ts";
import { rightsProblem } from "./refusals.ts";
import { survey } from "./survey.ts";

export interface ExamineOptions {
  readonly config: StackConfig;
  readonly agents: readonly Agent[];
  readonly urlOf: FleetInput["urlOf"];
  /** Whether the run will spend money; for a plan or preview a Read key is enough. */
  readonly spends: boolean;
  /** MASUMI_PLAN: checksum of the plan that was approved. */
  readonly approved?: string | undefined;
  /** Whether to read every wallet's balance, even if nothing has to be paid. */
  readonly allBalances?: boolean;
  readonly signal?: AbortSignal;
}

export interface Examination {
  readonly plan: FleetPlan;
  readonly funds: readonly WalletFunds[];
  readonly checksum: string;
  /** Everything that prevents the run. */
  readonly problems: readonly MasumiError[];
}

/**
 * Returns the plan of a run and everything that prevents it, from what the payment service shows. Read-only. Requests: the
 * key, the payment sources, pages of registrations, and one balance per wallet that has to pay.
 *
 * @throws MasumiError if the key cannot be used at all; ServiceError, RefusedError
 */
export async function examineFleet(client: MasumiClient, options: ExamineOptions): Promise<Examination> {
  const { config, agents, urlOf, spends, approved, allBalances = false, signal } = options;
  const refused = rightsProblem(await client.apiKeyStatus({ signal }), config, { spends });
  if (refused) throw refused;
  const input: FleetInput = {
    config,
    agents,
    urlOf,
    survey: await survey(client, config, agents, { signal }),
  };
  const plan = planFleet(input);
  const checksum = checksumOf(input, plan);
  const funds = await readFunds(
    client,
    { ...input, plan },
    { isAsked: (needed) => allBalances || needed > 0n, signal },
  );
  const problems = [
    ...plan.problems,
    limitProblem(config, plan),
    approvalProblem(approved, checksum),
    ...funds.map((wallet) => fundsProblem(config, wallet)),
  ].filter((problem) => problem !== undefined);
  return { plan, funds, checksum, problems };
}
