import { printable } from "../providers/common/printable.ts";
import { AgentApi, agentUrlProblem } from "./agent-api.ts";
import type { Field, PaymentInformation } from "./agent-wire.ts";
import { HireError } from "./hire-error.ts";
import { type Funds, type Market, requireLimit, requireWithin } from "./price.ts";
import type { Purchases } from "./purchases.ts";
import { type VerifiedAgent, verifyAgent } from "./verified-agent.ts";

/** An agent, and what is known of it before it is asked. */
export interface AgentReference {
  /** Base URL, without a slash at its end. */
  readonly url: string;
  /** Of an agent of a stack of one's own: its id and name there. */
  readonly id?: string;
  readonly name?: string;
  readonly agentIdentifier?: string;
  /** Verification key of the seller's wallet. */
  readonly walletVkey?: string;
}

/** What an agent says of itself before it has a job. */
export interface Visit {
  readonly agent: AgentApi;
  readonly fields: readonly Field[];
  readonly information: PaymentInformation | undefined;
  /** What it discloses of being an AI; undefined if its card says nothing. */
  readonly disclosure: string | undefined;
  readonly agentIdentifier: string | undefined;
  /** Verification keys that the seller's wallet was said to have. */
  readonly sellerVkeys: readonly string[];
}

/**
 * Ask an agent whether it takes jobs, what input it wants, and what it says of its payments.
 *
 * @throws HireError HIRE_AGENT_UNREACHABLE, HIRE_AGENT_REFUSED
 */
export async function visitAgent(reference: AgentReference, signal: AbortSignal): Promise<Visit> {
  const { url } = reference;
  const problem = agentUrlProblem(url);
  if (problem) throw new HireError("HIRE_AGENT_UNREACHABLE", `${url}: ${problem}`, "Nothing was sent.");
  const agent = new AgentApi(url);
  const here = await agent.availability(signal);
  if (here.status === "unavailable") {
    const why = here.message ? ` It says: ${printable(here.message).slice(0, 300)}` : "";
    throw new HireError("HIRE_AGENT_REFUSED", `The agent at ${url} takes no jobs.${why}`, "Try again later.");
  }
  const [fields, information, disclosure] = await Promise.all([
    agent.fields(signal),
    agent.paymentInformation(signal),
    agent.disclosure(signal),
  ]);
  const agentIdentifier =
    information?.agentIdentifier ?? here.agentIdentifier ?? reference.agentIdentifier ?? undefined;
  const sellerVkeys = [information?.sellerVKey, reference.walletVkey].filter((vkey) => vkey != null);
  return { agent, fields, information, disclosure, agentIdentifier, sellerVkeys };
}

/** What a job costs, as far as it is known before the job is begun. */
export type Offer =
  /** `name`: by the registry; absent if only the agent says so. */
  | { readonly kind: "free"; readonly name?: string }
  | { readonly kind: "priced"; readonly listed: VerifiedAgent; readonly purchases: Purchases }
  /** The agent tells neither its price nor its identifier before it has a job. */
  | { readonly kind: "undisclosed" };

/** What the buyer pays, and by what. */
export interface Budget {
  readonly market: Market;
  /** What a job may cost at most, for each token; none: whatever the registry says. */
  readonly limits: readonly Funds[];
  /** In how many days its result may be due at most. */
  readonly maxDays: number;
  /** Opens the buyer's payment service, when it is needed: free jobs need none. */
  readonly openPurchases: () => Promise<Purchases>;
}

/**
 * Return what the agent offers, by the chain and within the limits. Nothing is begun.
 *
 * @throws HireError HIRE_TERMS_DIFFER, HIRE_PRICE_UNKNOWN, HIRE_PRICE_TOO_HIGH, HIRE_MAX_PRICE_MISSING, and what
 *   `openPurchases` throws; ServiceError
 */
export async function readOffer(visit: Visit, budget: Budget, signal: AbortSignal): Promise<Offer> {
  const { information, agentIdentifier } = visit;
  if (information?.pricing?.pricingType.toLowerCase() === "free") return { kind: "free" };
  requireLimit(budget.market, budget.limits, false);
  if (!agentIdentifier) return { kind: "undisclosed" };
  const sourceIndex = information?.supportedPaymentSourceIndex;
  return readListing(visit, { agentIdentifier, sourceIndex }, budget, signal);
}

/** Return what the chain says of an agent that has told its identifier. @throws as readOffer */
export async function readListing(
  { agent, information }: Visit,
  told: { readonly agentIdentifier: string; readonly sourceIndex: number | null | undefined },
  { market, limits, openPurchases }: Budget,
  signal: AbortSignal,
): Promise<Exclude<Offer, { kind: "undisclosed" }>> {
  const purchases = await openPurchases();
  const entry = await purchases.agent(told.agentIdentifier, signal);
  if (!entry) {
    throw new HireError(
      "HIRE_TERMS_DIFFER",
      `The agent says that it is ${printable(told.agentIdentifier)}, which is not on the chain of ${market.network}.`,
      "Nothing was paid. Hire another agent, or name the stack of its network with --stack, or a payment service of that network " +
        "with --payment-service: each sandbox has a chain of its own, and so has that of a local portal.",
    );
  }
  const sourceIndex = told.sourceIndex ?? undefined;
  const listed = verifyAgent(entry, { url: agent.url, information, sourceIndex, ...market });
  if (listed.pricing.type === "free") return { kind: "free", name: printable(listed.name) };
  requireLimit(market, limits, listed.pricing.type === "dynamic");
  if (listed.pricing.type === "fixed") requireWithin(listed.pricing.funds, limits, market.assets);
  return { kind: "priced", listed, purchases };
}
