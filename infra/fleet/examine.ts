import {
  IntentNotes,
  type MasumiClient,
  type MasumiError,
  marker,
} from "../../providers/masumi/service/index.ts";
import type { StackConfig } from "../config.ts";
import type { Agent } from "../declarations/index.ts";
import { approvalProblem, checksumOf } from "./checksum.ts";
import { type WalletFunds, fundsProblem, readFunds } from "./funds.ts";
import { limitProblem } from "./refusals.ts";
import { type FleetPlan, planFleet } from "./plan.ts";
import type { FleetInput } from "./registrations.ts";
import { rightsProblem } from "./refusals.ts";
import { survey } from "./survey.ts";

export interface ExamineOptions {
  readonly config: StackConfig;
  readonly agents: readonly Agent[];
  readonly urlOf: FleetInput["urlOf"];
  /** Whether the run will spend money; for a plan or preview a Read key is enough. */
  readonly spends: boolean;
  readonly inState?: FleetInput["inState"];
  readonly forget?: FleetInput["forget"];
  /** The project's folder, where earlier runs left notes of requests whose outcome they did not learn. */
  readonly projectRoot?: string | undefined;
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
  const { config, agents, urlOf, inState, forget, projectRoot } = options;
  const { spends, approved, allBalances = false, signal } = options;
  const refused = rightsProblem(await client.apiKeyStatus({ signal }), config, { spends });
  if (refused) throw refused;
  const input: FleetInput = {
    config,
    agents,
    urlOf,
    inState,
    forget,
    unsettled: await readUnsettled(config, agents, projectRoot),
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

/** Returns when earlier runs on this machine requested agents without learning what became of that, by agent. */
export async function readUnsettled(
  { paymentServiceUrl: url, network, owner }: StackConfig,
  agents: readonly Agent[],
  projectRoot: string | undefined,
): Promise<ReadonlyMap<string, number>> {
  const notes = new IntentNotes(projectRoot);
  const found = await Promise.all(
    agents.map(async ({ id }) => {
      const startedAt = await notes.startedAt({ url, network, marker: marker(owner, id) });
      return startedAt === undefined ? [] : [[id, startedAt] as const];
    }),
  );
  return new Map(found.flat());
}
