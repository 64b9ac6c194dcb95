import { join } from "node:path";
import {
  type Account,
  type AccountName,
  type AgentReference,
  type Entered,
  type Funds,
  HireError,
  type Market,
  type Wish,
  agentUrlProblem,
} from "../../buyer/index.ts";
import { toBaseUnits } from "../../infra/declarations/index.ts";
import { readMarket } from "../../stacks/network.ts";
import { readAgentOutputs } from "../../stacks/outputs.ts";
import { findPaymentService } from "../../stacks/payment-service.ts";
import { type CallOptions, type Project, stackFile } from "../../stacks/project.ts";
import { agentNotUp } from "../../stacks/unknown-agent.ts";
import { UserError } from "../../stacks/user-error.ts";

/** What was typed of a hire. */
export interface WishOptions {
  /** An agent's id in the stack, or any agent's URL. */
  readonly agent: string;
  readonly stack: string;
  readonly paymentService?: string | undefined;
  readonly entered: Entered;
  /** What a job may cost at most, such as `5USDM`, once for each token. */
  readonly maxPrice: readonly string[];
  /** In how many days its result may be due at most. */
  readonly maxDays: number;
}

/** For how many days money is locked unless `--max-days` says otherwise. */
export const DEFAULT_MAX_DAYS = 3;
const MOST_DAYS = 60;

/** Return the days of --max-days. @throws UserError */
export function readMaxDays(text: string): number {
  const days = Number(text);
  if (text.trim() !== "" && days > 0 && days <= MOST_DAYS) return days;
  throw new UserError(`--max-days ${text}: expected days, more than 0 and at most ${MOST_DAYS}.`);
}

/** Return the folder of a project's hires. */
export const hireFolder = (project: Project): string => join(project.masumi, "hires");

/** Return what is wished, by the stack's settings and outputs. @throws UserError */
export async function readWish(
  project: Project,
  { agent, stack, paymentService, entered, maxPrice, maxDays }: WishOptions,
  options: CallOptions,
): Promise<Wish> {
  const market = readMarket(project, stack);
  const limits = readLimits(maxPrice, market);
  const reference = await findAgent(project, stack, agent, options);
  return { agent: reference, entered, market, limits, maxDays, account: { stack, paymentService } };
}

/** The limits of --max-price, such as `5USDM`, one for each token. */
function readLimits(texts: readonly string[], { assets }: Market): Funds[] {
  return texts.map((text) => {
    const price = toBaseUnits(text.trim().replace(/^([\d.]+)\s*/, "$1 "), assets);
    if ("amount" in price) return price;
    throw new UserError(`--max-price ${text}: ${price.message} (${price.remedy}).`);
  });
}

function referenceTo(url: string): AgentReference {
  const problem = agentUrlProblem(url);
  if (problem) throw new UserError(`${url}: ${problem}`);
  return { url: url.replace(/\/+$/, "") };
}

/** Finds an agent by its id in a stack, or takes its URL. */
async function findAgent(
  project: Project,
  stack: string,
  agent: string,
  options: CallOptions,
): Promise<AgentReference> {
  if (/^https?:\/\//i.test(agent)) return referenceTo(agent);
  const agents = await readAgentOutputs(project, stack, options);
  const found = agents.find(({ id }) => id === agent);
  if (found) {
    const { id, name, url, agentIdentifier, walletVkey } = found;
    return { ...referenceTo(url), id, name, agentIdentifier, walletVkey };
  }
  throw agentNotUp(project, stack, agent, agents, " Name another, or give an agent's URL.");
}

/**
 * Return the account to pay from. Its key comes from MASUMI_BUYER_KEY and never from the command line, where others on
 * the machine could read it; the sandbox has a buyer of its own.
 *
 * @throws HireError HIRE_BUYER_MISSING; UserError when the sandbox is not running
 */
export async function openAccount(
  project: Project,
  { stack, paymentService }: AccountName,
  { env, signal }: CallOptions,
): Promise<Account> {
  const service =
    paymentService === undefined
      ? await findPaymentService(project, stack, signal)
      : { url: paymentService.replace(/\/+$/, "") };
  if (!service) {
    throw new HireError(
      "HIRE_BUYER_MISSING",
      `There is no payment service to pay with: ${stackFile(project, stack)} has no masumi:paymentServiceUrl.`,
      "Name yours with --payment-service https://…/api/v1.",
    );
  }
  const { url } = service;
  const key = env["MASUMI_BUYER_KEY"] || ("buyerKey" in service ? service.buyerKey : undefined);
  if (key) return { url, key };
  throw new HireError(
    "HIRE_BUYER_MISSING",
    `There is no key to pay with at ${url}.`,
    "Set MASUMI_BUYER_KEY in the environment to a ReadAndPay key of that payment service.",
  );
}
