import { isPrivateUrl } from "../../providers/common/public-address.ts";
import { RegistrationError } from "../../providers/masumi/service/index.ts";
import type { StackConfig } from "../config.ts";
import type { Agent } from "../declarations/index.ts";
import { approvalProblem } from "./checksum.ts";
import type { Action } from "./costs.ts";
import { type WalletFunds, fundsProblem } from "./funds.ts";
import { type EvalStanding, evalRefusals } from "./evals/standing.ts";
import { hostingRefusals } from "./hosting-problems.ts";
import type { FleetPlan } from "./plan/plan.ts";
import type { PlannedAgent } from "./plan/plan-agent.ts";
import { chainProblem, limitProblem, spendingProblem } from "./refusals.ts";
import { type WalletSight, walletProblem } from "./wallet-sight.ts";

/** Something that prevents a run. `message` begins with the code and ends with what to do. */
export interface Problem {
  readonly code: string;
  readonly message: string;
}

/** What can be seen of a run before it starts. */
export interface Seen {
  readonly config: StackConfig;
  readonly agents: readonly Agent[];
  readonly plan: FleetPlan;
  readonly checksum: string;
  /** MASUMI_PLAN: checksum of the plan that was approved. */
  readonly approved: string | undefined;
  readonly wallets: readonly WalletSight[];
  /** EVM chains that the API key may advertise; undefined if all, or unknown. */
  readonly chains: readonly string[] | undefined;
  readonly funds: readonly WalletFunds[];
  /** How the agents with evaluations stand, by id. */
  readonly evals: ReadonlyMap<string, EvalStanding>;
}

/**
 * Everything that prevents a run although settings and files are valid. The program refuses to start for these reasons and no
 * others, and plan and doctor report each of them, because all three ask this table.
 */
export const OBSTACLES = {
  hosting: ({ config, agents }) => hostingRefusals(config, agents).map(asProblem),
  evals: ({ config, evals }) => evalRefusals(config, evals).map(notPassed),
  urls: ({ config, plan }) => plan.agents.map((agent) => urlProblem(config, agent)),
  registrations: ({ plan }) => plan.problems,
  chains: ({ plan, chains }) =>
    plan.agents.filter(({ action }) => PROBED.has(action)).map(({ agent }) => chainProblem(agent, chains)),
  wallets: ({ config, plan, wallets }) =>
    wallets.filter(({ wallet }) => isUsed(wallet, plan)).map((sight) => walletProblem(config, sight)),
  burns: ({ config, plan }) => [limitProblem(config, plan)],
  spending: ({ config, plan }) => [spendingProblem(config, plan)],
  approval: ({ approved, checksum }) => [approvalProblem(approved, checksum)],
  funds: ({ config, funds }) => funds.map((wallet) => fundsProblem(config, wallet)),
} as const satisfies Record<string, (seen: Seen) => readonly (Problem | undefined)[]>;

/** Returns everything that prevents a run. */
export const findProblems = (seen: Seen): Problem[] =>
  Object.values(OBSTACLES).flatMap((find) => find(seen).filter((problem) => problem !== undefined));

const asProblem = (text: string): Problem => ({
  code: "HOSTING_REFUSED",
  message: `HOSTING_REFUSED: ${text}`,
});

const notPassed = (text: string): Problem => ({
  code: "EVALS_NOT_PASSED",
  message: `EVALS_NOT_PASSED: ${text}`,
});

/** Actions before which an agent must answer at its URL. */
const PROBED: ReadonlySet<Action> = new Set(["create", "update", "replace"]);

/** A wallet that has nothing to do may be wrong: the run does not need it. */
const isUsed = (wallet: WalletSight["wallet"], plan: FleetPlan): boolean =>
  plan.agents.some((planned) => planned.wallet === wallet && PROBED.has(planned.action));

function urlProblem(
  { allowPrivateUrls, stack }: StackConfig,
  { agent, action, url }: PlannedAgent,
): Problem | undefined {
  if (allowPrivateUrls || !PROBED.has(action) || !isPrivateUrl(url)) return undefined;
  return new RegistrationError({
    code: "AGENT_ADDRESS_PRIVATE",
    what: `${agent.file}: with hosting ${agent.hosting} of stack ${stack}, the agent is at ${url}, which the network cannot reach.`,
    remedy:
      "Choose a hosting with public URLs, or set the public URL of its engine (masumi:docker.url). For a simulated network: " +
      `npx masumi-agents config set -s ${stack} masumi:allowPrivateUrls true.`,
  });
}
