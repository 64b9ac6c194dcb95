import {
  type ApiKeyStatus,
  IntentNotes,
  type MasumiClient,
  marker,
} from "../../providers/masumi/service/index.ts";
import type { StackConfig } from "../config.ts";
import type { Agent, WhatRuns } from "../declarations/index.ts";
import { type RunsById, checksumOf } from "./checksum.ts";
import { type EvalStanding, standingsOf } from "./evals/standing.ts";
import { type WalletFunds, readFunds } from "./funds.ts";
import { type Problem, findProblems } from "./obstacles.ts";
import { type FleetPlan, planFleet } from "./plan/plan.ts";
import type { FleetInput } from "./registrations.ts";
import { chainsOf, rightsProblem } from "./refusals.ts";
import { survey } from "./survey.ts";
import type { SeenInState } from "./state-file.ts";
import { type WalletSight, lookAtWallets } from "./wallet-sight.ts";

export interface ExamineOptions extends SeenInState {
  readonly config: StackConfig;
  readonly agents: readonly Agent[];
  readonly urlOf: FleetInput["urlOf"];
  /** Returns what the run would run of an agent. */
  readonly runsOf: (agent: Agent) => WhatRuns;
  /** Whether the run will spend money; for a plan or preview a Read key is enough. */
  readonly spends: boolean;
  readonly forget?: FleetInput["forget"];
  /** The project's folder, where earlier runs left notes of requests whose outcome they did not learn. */
  readonly projectRoot?: string | undefined;
  /** MASUMI_PLAN: checksum of the plan that was approved. */
  readonly approved?: string | undefined;
  /** Whether to look at every wallet and its balance, even if it has nothing to pay. */
  readonly allBalances?: boolean;
  readonly signal?: AbortSignal;
}

export interface Examination {
  readonly plan: FleetPlan;
  readonly runs: RunsById;
  readonly wallets: readonly WalletSight[];
  readonly funds: readonly WalletFunds[];
  readonly checksum: string;
  /** How the agents with evaluations stand, by id. */
  readonly evals: ReadonlyMap<string, EvalStanding>;
  /** Everything that prevents the run; see OBSTACLES. */
  readonly problems: readonly Problem[];
}

/**
 * Returns the plan of a run and everything that prevents it, from what the payment service shows. Read-only. Requests: the
 * key, the payment sources, pages of registrations, and for each wallet that has to pay its balance and, if it has no
 * registrations yet, whether the service knows it.
 *
 * @throws MasumiError if the key cannot be used at all; ServiceError, RefusedError
 */
export async function examineFleet(client: MasumiClient, options: ExamineOptions): Promise<Examination> {
  const { config, agents, spends, signal } = options;
  const key = await client.apiKeyStatus({ signal });
  const refused = rightsProblem(key, config, { spends });
  if (refused) throw refused;
  return examineSurveyed(client, { ...options, key, survey: await survey(client, config, agents, options) });
}

/** Returns the same from registrations that have been read. */
export async function examineSurveyed(
  client: MasumiClient,
  options: Omit<ExamineOptions, "spends"> & Pick<FleetInput, "survey"> & { readonly key: ApiKeyStatus },
): Promise<Examination> {
  const { config, agents, runsOf, projectRoot, survey, approved, allBalances = false, signal } = options;
  const unsettled = await readUnsettled(config, agents, projectRoot);
  const input: FleetInput = { ...options, unsettled };
  const plan = planFleet(input);
  const isAsked = (needed: bigint) => allBalances || needed > 0n;
  const [funds, wallets] = await Promise.all([
    readFunds(client, { ...input, plan }, { isAsked, signal }),
    lookAtWallets(client, {
      config,
      survey,
      isAsked: (wallet) => allBalances || plan.agents.some((agent) => agent.wallet === wallet),
      signal,
    }),
  ]);
  const runs = new Map(agents.map((agent) => [agent.id, runsOf(agent)]));
  const checksum = checksumOf(input, plan, runs);
  const evals = standingsOf(agents, runs, { config, projectRoot });
  const problems = findProblems({
    config,
    agents,
    plan,
    checksum,
    approved,
    wallets,
    chains: chainsOf(options.key),
    funds,
    evals,
  });
  return { plan, runs, wallets, funds, checksum, evals, problems };
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
