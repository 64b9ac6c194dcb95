import { printable } from "../providers/common/printable.ts";
import { AgentApi } from "./agent-api.ts";
import { Answering, type Respondent } from "./answering.ts";
import type { HireEvent } from "./events.ts";
import { type Follower, followFree, followPaid } from "./follow.ts";
import { HireError, goOnWith } from "./hire-error.ts";
import {
  type Hire,
  type Order,
  hireId,
  isOrder,
  isPaid,
  loadHire,
  removeOrder,
  saveHire,
} from "./hire-file.ts";
import type { HireReport } from "./hire-report.ts";
import type { Field } from "./agent-wire.ts";
import { type Entered, inputDataOf, isEnterable } from "./inputs.ts";
import { type AgentReference, type Budget, readOffer, visitAgent } from "./offer.ts";
import type { Funds, Market } from "./price.ts";
import { Purchases } from "./purchases.ts";
import { type Job, type Start, newKey, newNonce, startJob } from "./start.ts";

/** By what a buyer finds the account again when a hire is resumed; kept with the hire. */
export interface AccountName {
  readonly stack: string;
  /** The payment service's base URL, where it is not the stack's. */
  readonly paymentService?: string | undefined;
}

/** An account at a payment service. */
export interface Account {
  /** Base URL, ending in /api/v1. */
  readonly url: string;
  /** A key of it that may pay. */
  readonly key: string;
}

/** Who is hired for what, and what it may cost. */
export interface Wish {
  readonly agent: AgentReference;
  readonly entered: Entered;
  readonly market: Market;
  /** What the job may cost at most, for each token; none: whatever the registry says. */
  readonly limits: readonly Funds[];
  /** In how many days the result may be due at most. */
  readonly maxDays: number;
  readonly account: AccountName;
}

export interface HireOptions {
  /** Folder of the files by which hires are resumed. */
  readonly folder: string;
  /** Opens the account to pay from, when it is needed: free jobs need none. */
  readonly openAccount: (name: AccountName) => Promise<Account>;
  /** Reads a stack's market again, where a hire is resumed whose job is not known to have begun. */
  readonly readMarket: (stack: string) => Market;
  /** Asks for the input where none was entered; undefined: nobody is here (any more). */
  readonly askInput?:
    ((fields: readonly Field[], signal: AbortSignal) => Promise<Entered | undefined>) | undefined;
  /** The answer to the first question that the agent asks in the middle of the job. */
  readonly answer?: Entered | undefined;
  /** Who answers all others; without one, a question ends the hire for now. */
  readonly respondent?: Respondent | undefined;
  readonly onEvent: (event: HireEvent) => void;
  /** Aborting ends the wait, with HIRE_STILL_RUNNING; the job goes on. */
  readonly signal: AbortSignal;
}

/**
 * Hire an agent from the beginning to the end: look at its offer, start the job, pay, and follow it. What is needed to go
 * on is on the disk before anything is paid.
 *
 * @throws HireError (`isOpen`: the hire can be resumed); ServiceError, SettingsError; what `openAccount` throws
 */
export async function hireAgent(wish: Wish, options: HireOptions): Promise<HireReport> {
  const start = await prepare(wish, options).catch((error: unknown) => {
    throw options.signal.aborted ? notStarted() : error;
  });
  return carryOut(orderOf(wish, start), start, options);
}

async function prepare(wish: Wish, options: HireOptions): Promise<Start> {
  const { askInput, onEvent, signal } = options;
  const budget = budgetOf(wish, options);
  const visit = await visitAgent(wish.agent, signal);
  const isAsked = askInput !== undefined && wish.entered.names.length === 0 && visit.fields.some(isEnterable);
  const known = isAsked ? undefined : inputDataOf(visit.fields, wish.entered);
  // Nobody is to type anything for an agent that is too dear.
  const offer = await readOffer(visit, budget, signal);
  if (visit.disclosure !== undefined) onEvent({ kind: "disclosure", text: visit.disclosure });
  if (offer.kind === "free") onEvent(offer);
  if (offer.kind === "undisclosed") onEvent({ kind: "price-undisclosed" });
  const asked = isAsked ? await askInput(visit.fields, signal) : undefined;
  const input = known ?? inputDataOf(visit.fields, asked ?? wish.entered);
  return { visit, offer, input, budget, nonce: newNonce(), key: newKey() };
}

/** What is paid with, and how much of it. */
const budgetOf = (
  { market, limits, maxDays, account }: Omit<Wish, "agent" | "entered">,
  { openAccount }: HireOptions,
): Budget => ({
  market,
  limits,
  maxDays,
  openPurchases: async () => new Purchases({ ...(await openAccount(account)), ...market }),
});

/** Have the job begun, pay for it, and follow it. The order is on the disk before it is sent, the job before it is paid. */
async function carryOut(order: Order, start: Start, options: HireOptions): Promise<HireReport> {
  const { folder, onEvent, signal } = options;
  saveHire(folder, order);
  const job = await startJob(start, signal).catch((error: unknown) => {
    throw afterOrdering(order, error, options);
  });
  if (job.kind === "paid") {
    onEvent({ kind: "price", name: printable(job.agentName), price: job.price, locked: job.locked });
  }
  const hire = hireOf(order, job);
  saveHire(folder, hire);
  return follow(hire, start.visit.agent, options, async (follower) => {
    if (job.kind === "free" || !isPaid(hire)) return followFree(hire, follower);
    const purchase = await job.purchases.make(hire.purchase, signal);
    return followPaid(hire, follower, { purchases: job.purchases, purchase, wantsRefund: false });
  });
}

/** Tells how an order ends whose job is not known to have begun: it is kept if the agent may have begun it all the same. */
function afterOrdering(order: Order, error: unknown, { folder, signal }: HireOptions): unknown {
  const remedy = `Go on with: ${goOnWith(order)}`;
  if (signal.aborted) return outOfTime(remedy, true);
  if (!(error instanceof HireError)) return error;
  if (error.code === "HIRE_AGENT_UNREACHABLE") {
    return new HireError(error.code, error.what, `${error.remedy} ${remedy}`, { isOpen: true, cause: error });
  }
  removeOrder(folder, order);
  return error;
}

function orderOf({ agent, account, limits, maxDays }: Wish, { visit, input, nonce, key }: Start): Order {
  const { stack, paymentService } = account;
  const { id, agentIdentifier, walletVkey } = agent;
  const { url } = visit.agent;
  return {
    version: 1,
    id: hireId(nonce),
    stack,
    ...(paymentService === undefined ? {} : { paymentService }),
    agent: {
      url,
      name: agent.name ?? url,
      ...(id === undefined ? {} : { id }),
      ...(agentIdentifier === undefined ? {} : { agentIdentifier }),
      ...(walletVkey === undefined ? {} : { walletVkey }),
    },
    startedAt: new Date().toISOString(),
    order: { nonce, key, input: { ...input }, limits: [...limits], maxDays },
  };
}

/** Return what is kept of an order once its job has begun: all but its input and its key. */
function hireOf({ order: _order, agent, ...common }: Order, job: Job): Hire {
  const began = { ...common, jobId: job.jobId };
  if (job.kind === "free") return { ...began, agent, price: null };
  return { ...began, agent: { ...agent, name: job.agentName }, price: job.price, purchase: job.purchase };
}

/**
 * Go on with a hire: look whether it was paid, pay if it was not, and follow it. `wantsRefund`: the money is asked back,
 * whatever the job does.
 *
 * @throws HireError, also HIRE_UNKNOWN and HIRE_NOTHING_TO_REFUND; ServiceError, SettingsError; what `openAccount` throws
 */
export async function resumeHire(
  id: string,
  options: HireOptions & { readonly wantsRefund: boolean },
): Promise<HireReport> {
  const { openAccount, signal, wantsRefund } = options;
  const hire = loadHire(options.folder, id);
  if (isOrder(hire)) {
    if (wantsRefund) throw nothingToRefund("the job has not been paid");
    return resumeOrder(hire, options);
  }
  const agent = new AgentApi(hire.agent.url);
  if (!isPaid(hire)) {
    if (wantsRefund) throw nothingToRefund("the job is free");
    return follow(hire, agent, options, (follower) => followFree(hire, follower));
  }
  return follow(hire, agent, options, async (follower) => {
    const { network } = hire.purchase;
    const purchases = new Purchases({ ...(await openAccount(hire)), network });
    const found = await purchases.find(hire.purchase.blockchainIdentifier, signal);
    if (!found && wantsRefund) throw nothingToRefund("the purchase was never made");
    if (!found && Date.now() > Number(hire.purchase.payByTime)) throw expired();
    const purchase = found ?? (await purchases.make(hire.purchase, signal));
    return followPaid(hire, follower, { purchases, purchase, wantsRefund });
  });
}

/** Sends an order once more: an agent that has begun its job gives that job. */
async function resumeOrder(hire: Order, options: HireOptions): Promise<HireReport> {
  const { agent, stack, order } = hire;
  const budget = budgetOf({ ...order, market: options.readMarket(stack), account: hire }, options);
  const visit = await visitAgent(agent, options.signal);
  const offer = await readOffer(visit, budget, options.signal);
  return carryOut(hire, { ...order, visit, offer, budget }, options);
}

/** Follows a hire to its end; errors of what is under way say how to go on with it. */
async function follow(
  hire: Hire,
  agent: AgentApi,
  { answer, respondent, onEvent, signal }: HireOptions,
  work: (follower: Follower) => Promise<HireReport>,
): Promise<HireReport> {
  const answering = new Answering({ answer, respondent, onEvent });
  const remedy = `Go on with: ${goOnWith(hire)}`;
  try {
    const report = await work({ agent, answering, onEvent, signal });
    if (answering.isLeft) onEvent({ kind: "answer-unused" });
    return report;
  } catch (error) {
    if (signal.aborted) throw outOfTime(remedy, true);
    if (!(error instanceof HireError) || error.code !== "HIRE_PURCHASE_UNCLEAR") throw error;
    throw new HireError(error.code, error.what, `${error.remedy} ${remedy}`, { isOpen: true, cause: error });
  }
}

const outOfTime = (remedy: string, isOpen: boolean) =>
  new HireError("HIRE_STILL_RUNNING", "The command ended before the job did.", remedy, { isOpen });

/** Return the error of a hire that was given up before a job was begun. */
export const notStarted = () => outOfTime("Nothing was paid; run it again.", false);

/** What is locked after its time comes to an agent that has given the job up. */
const expired = () =>
  new HireError(
    "HIRE_NOT_PAID",
    "The offer has expired (PAYMENT_EXPIRED): its payByTime has passed, and the purchase was never made.",
    "Nothing was paid. Hire the agent again.",
  );

const nothingToRefund = (why: string) =>
  new HireError("HIRE_NOTHING_TO_REFUND", `There is nothing to refund: ${why}.`, "No refund was requested.");
