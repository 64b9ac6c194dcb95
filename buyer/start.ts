import { randomBytes } from "node:crypto";
import type { AssetTable, Network } from "../infra/declarations/index.ts";
import type { Project } from "../stacks/project.ts";
import { printable } from "../providers/printable.ts";
import { AgentApi } from "./agent-api.ts";
import type { PaymentInformation, StartedJob } from "./agent-wire.ts";
import { type BuyerOptions, marketOf, openPurchases } from "./buyer.ts";
import { HireError } from "./errors.ts";
import { inputHash } from "./hashes.ts";
import { type Hire, type PaidHire, hireId } from "./hire-file.ts";
import { type Entered, type InputData, inputDataOf } from "./inputs.ts";
import { type Offer, offerOf } from "./offer.ts";
import { type Funds, inWords, readLimits, requireWithin } from "./price.ts";
import type { Purchases } from "./purchases.ts";
import { type Target, findTarget } from "./target.ts";
import { purchaseOf } from "./terms.ts";

/** The nonce of a purchase: 14 to 26 hexadecimal digits, as the payment service wants it. */
const NONCE_BYTES = 10;

export interface HireRequest {
  readonly project: Project;
  /** An agent's id in the stack, or any agent's URL. */
  readonly agent: string;
  readonly stack: string;
  readonly paymentService: string | undefined;
  readonly entered: Entered;
  /** What a job may cost at most, such as `5USDM`; none: whatever the registry says. */
  readonly maxPrice: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes one line of progress. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** A job that has begun: a free one, or one that is to be paid for by `hire.purchase`. */
export type Begun =
  | { readonly agent: AgentApi; readonly hire: Hire; readonly purchases?: undefined }
  | { readonly agent: AgentApi; readonly hire: PaidHire; readonly purchases: Purchases };

/** What is known before the agent is asked for a job. */
interface Context {
  readonly request: HireRequest;
  readonly target: Target;
  readonly agent: AgentApi;
  readonly network: Network;
  readonly assets: AssetTable;
  readonly limits: readonly Funds[];
  readonly input: InputData;
  readonly information: PaymentInformation | undefined;
}

/**
 * Begins a job at an agent, after everything that can be checked has been: the input by its schema, the price by the
 * registry and its limit. Nothing is paid yet.
 *
 * @throws HireError, UserError, ServiceError, SettingsError
 */
export async function beginHire(request: HireRequest): Promise<Begun> {
  const { project, stack, signal, say } = request;
  const { network, assets } = marketOf(project, stack);
  const limits = readLimits(request.maxPrice, assets);
  const target = await findTarget(project, stack, request.agent);
  const agent = new AgentApi(target.url);
  const here = await agent.availability(signal);
  if (here.status === "unavailable") {
    const why = here.message ? ` It says: ${printable(here.message).slice(0, 300)}` : "";
    throw new HireError(
      "HIRE_AGENT_REFUSED",
      `The agent at ${target.url} takes no jobs.${why}`,
      "Try again later.",
    );
  }
  const input = inputDataOf(await agent.fields(signal), request.entered);
  const information = await agent.paymentInformation(signal);
  const context = { request, target, agent, network, assets, limits, input, information };

  const isFree = information?.pricing?.pricingType.toLowerCase() === "free";
  const identifier = information?.agentIdentifier ?? here.agentIdentifier ?? target.agentIdentifier;
  if (isFree) return beginFree(context, "The agent works for free.");
  if (identifier) return beginKnown(context, identifier);
  say("The agent does not say beforehand what it costs; its answer to start_job will.");
  return beginUnknown(context);
}

/** Free jobs take the input alone, and nobody's payment service is asked. */
async function beginFree(context: Context, why: string): Promise<Begun> {
  const { agent, input, request } = context;
  request.say(why);
  const { jobId } = await agent.startJob({ input_data: input }, request.signal);
  return freeJob(context, jobId);
}

function freeJob(context: Context, jobId: string): Begun {
  const { agent, target } = context;
  const id = hireId(randomBytes(NONCE_BYTES).toString("hex"));
  return { agent, hire: { ...begunHire(context, id, jobId), agent: { url: target.url, name: target.url } } };
}

const begunHire = ({ request: { stack, paymentService } }: Context, id: string, jobId: string) => ({
  version: 1 as const,
  id,
  stack,
  ...(paymentService === undefined ? {} : { paymentService }),
  jobId,
  price: null,
  startedAt: new Date().toISOString(),
});

async function beginKnown(context: Context, agentIdentifier: string): Promise<Begun> {
  requireLimit(context, false);
  const purchases = await openPurchases(buyerOf(context));
  const { pricing, ...offer } = await readOffer(
    context,
    purchases,
    agentIdentifier,
    context.information?.supportedPaymentSourceIndex,
  );
  if (pricing.type === "free") return beginFree(context, `${printable(offer.name)} works for free.`);
  requireLimit(context, pricing.type === "dynamic");
  if (pricing.type === "fixed") requireWithin(pricing.funds, context.limits, context.assets);
  const purchaser = randomBytes(NONCE_BYTES).toString("hex");
  const job = await startPaidJob(context, purchaser);
  if (!job.blockchainIdentifier) {
    throw new HireError(
      "HIRE_TERMS_DIFFER",
      "The agent has a price by the registry, and its answer to start_job has no blockchainIdentifier to pay by.",
      "Nothing was paid. Hire another agent.",
    );
  }
  return paidJob(context, { purchases, offer: { ...offer, pricing }, purchaser, job });
}

/** Some agents tell their identifier with the job only: the registry is asked then, still before anything is paid. */
async function beginUnknown(context: Context): Promise<Begun> {
  requireLimit(context, false);
  const purchaser = randomBytes(NONCE_BYTES).toString("hex");
  const job = await startPaidJob(context, purchaser);
  if (!job.blockchainIdentifier) return freeJob(context, job.jobId);
  if (!job.agentIdentifier) {
    throw new HireError(
      "HIRE_TERMS_DIFFER",
      "The agent wants to be paid and does not say its identifier, so its price cannot be looked up.",
      "Nothing was paid. Hire another agent.",
    );
  }
  const purchases = await openPurchases(buyerOf(context));
  const offer = await readOffer(context, purchases, job.agentIdentifier, job.supportedPaymentSourceIndex);
  requireLimit(context, offer.pricing.type === "dynamic");
  return paidJob(context, { purchases, offer, purchaser, job });
}

const buyerOf = ({ request: { project, stack, paymentService, env } }: Context): BuyerOptions => ({
  project,
  stack,
  paymentService,
  env,
});

async function readOffer(
  { request, target, network, assets, information }: Context,
  purchases: Purchases,
  agentIdentifier: string,
  sourceIndex: number | null | undefined,
): Promise<Offer> {
  const entry = await purchases.agent(agentIdentifier, request.signal);
  if (!entry) {
    throw new HireError(
      "HIRE_TERMS_DIFFER",
      `The agent says that it is ${printable(agentIdentifier)}, which is not on the chain of ${network}.`,
      "Nothing was paid. Hire another agent, or name the stack of its network with --stack.",
    );
  }
  return offerOf(entry, {
    url: target.url,
    network,
    information,
    sourceIndex: sourceIndex ?? undefined,
    assets,
  });
}

/** Real money, and a price that only the agent knows, are never spent without a limit. */
function requireLimit({ network, limits }: Context, isDynamic: boolean): void {
  if (limits.length > 0 || (network !== "Mainnet" && !isDynamic)) return;
  const why =
    network === "Mainnet" ? "A job on Mainnet costs real money" : "The agent makes its price for each job";
  throw new HireError(
    "HIRE_MAX_PRICE_MISSING",
    `${why}, and no limit is set; nothing was started.`,
    "Say with --max-price what it may cost at most, such as --max-price 5USDM.",
  );
}

async function startPaidJob({ agent, input, request }: Context, purchaser: string): Promise<StartedJob> {
  return agent.startJob({ identifier_from_purchaser: purchaser, input_data: input }, request.signal);
}

interface Agreed {
  readonly purchases: Purchases;
  readonly offer: Offer;
  readonly purchaser: string;
  readonly job: StartedJob;
}

function paidJob(context: Context, { purchases, offer, purchaser, job }: Agreed): Begun {
  const { request, target, agent, network, assets, limits, input, information } = context;
  const purchase = purchaseOf(job, {
    network,
    purchaser,
    inputHash: inputHash(purchaser, input),
    offer,
    sellerVkeys: [information?.sellerVKey, target.walletVkey].filter((vkey) => typeof vkey === "string"),
    now: Date.now(),
  });
  requireWithin(purchase.Amounts, limits, assets);
  const price = inWords(purchase.Amounts, assets);
  request.say(`${printable(offer.name)} asks ${price}.`);
  const begun = begunHire(context, hireId(purchaser), job.jobId);
  return {
    agent,
    purchases,
    hire: { ...begun, agent: { url: target.url, name: offer.name }, price, purchase },
  };
}
