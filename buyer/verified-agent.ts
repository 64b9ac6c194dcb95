import type { AssetTable, Network } from "../infra/declarations/index.ts";
import { printable } from "../providers/common/printable.ts";
import { baseUrlOf } from "../providers/masumi/service/index.ts";
import type { PaymentInformation } from "./agent-wire.ts";
import { HireError, listed } from "./hire-error.ts";
import { type Funds, inWords, samePrice } from "./price.ts";
import type { ChainEntry, PaymentSource } from "./purchase-wire.ts";

/** What a job costs, by the chain. A dynamic price is known once the job is there. */
export type Pricing =
  | { readonly type: "free" }
  | { readonly type: "fixed"; readonly funds: readonly Funds[] }
  | { readonly type: "dynamic" };

/** What the chain says of an agent, once nothing that the agent says is against it. */
export interface VerifiedAgent {
  readonly agentIdentifier: string;
  readonly name: string;
  readonly pricing: Pricing;
  /** V2: which of its payment sources takes the payment. */
  readonly sourceIndex: number | undefined;
}

/** What the agent says of itself, and how it was reached. */
export interface Claims {
  /** Where the agent was reached, without a slash at its end. */
  readonly url: string;
  readonly network: Network;
  readonly information: PaymentInformation | undefined;
  /** The payment source that the agent named, if it did. */
  readonly sourceIndex: number | undefined;
  readonly assets: AssetTable;
}

const isCardanoV2 = ({ chain, paymentSourceType }: PaymentSource) =>
  chain === "Cardano" && paymentSourceType === "Web3CardanoV2";

/** Scheme and host in any case, and a slash at the end or not, make no other address. */
function plainUrl(url: string): string {
  try {
    const { href } = new URL(url);
    return href.replace(/\/+$/, "");
  } catch {
    return url;
  }
}

function sourceOf(
  { supportedPaymentSources: sources }: ChainEntry["Metadata"],
  named: number | undefined,
): { readonly index: number; readonly source: PaymentSource | undefined } | undefined {
  if (!sources) return undefined;
  const index = named ?? sources.findIndex(isCardanoV2);
  return { index, source: sources[index] };
}

/** The price of a payment source, or for V1 of the agent; undefined if the chain does not say it in words known here. */
function pricingOf(metadata: ChainEntry["Metadata"], source: PaymentSource | undefined): Pricing | undefined {
  const stated = source?.pricing ?? metadata.AgentPricing;
  const type = stated?.pricingType.toLowerCase();
  if (type === "free" || type === "dynamic") return { type };
  if (type !== "fixed" || !stated) return undefined;
  const funds =
    "fixed" in stated
      ? (stated.fixed ?? []).map(({ asset, amount }) => ({ unit: asset, amount }))
      : (metadata.AgentPricing?.Pricing ?? []);
  return funds.length > 0 ? { type, funds } : undefined;
}

function words(pricing: Pricing, assets: AssetTable): string {
  return pricing.type === "fixed" ? inWords(pricing.funds, assets) : pricing.type;
}

/** What the agent says of its price, and is not what the chain says. */
function otherPrice(
  information: PaymentInformation | undefined,
  pricing: Pricing,
  assets: AssetTable,
): string[] {
  const stated = information?.pricing;
  if (!stated) return [];
  const type = stated.pricingType.toLowerCase();
  const agrees =
    type === pricing.type &&
    (pricing.type !== "fixed" || !stated.Pricing || samePrice(stated.Pricing, pricing.funds));
  if (agrees) return [];
  const asked = stated.Pricing ? inWords(stated.Pricing, assets) : printable(type);
  return [`price: the agent says ${asked}, the registry says ${words(pricing, assets)}`];
}

/** Return where the registry says that an agent is: at its own URL, or where its document is in its usual place. */
function registeredUrl({ apiBaseUrl, openApiSpecUrl, x402ResourcesUrl }: ChainEntry["Metadata"]): string {
  if (openApiSpecUrl) return baseUrlOf("openapi", openApiSpecUrl);
  return x402ResourcesUrl ? baseUrlOf("x402", x402ResourcesUrl) : (apiBaseUrl ?? "");
}

/**
 * Compare what an agent says with what the chain says of it, and return the latter: only on-chain data is paid by.
 *
 * @throws HireError HIRE_TERMS_DIFFER with every difference, HIRE_PRICE_UNKNOWN
 */
export function verifyAgent(
  { agentIdentifier, Metadata: metadata }: ChainEntry,
  claims: Claims,
): VerifiedAgent {
  const { information, assets } = claims;
  const selected = sourceOf(metadata, claims.sourceIndex);
  const pricing = pricingOf(metadata, selected?.source);
  if (!pricing) {
    throw new HireError(
      "HIRE_PRICE_UNKNOWN",
      `The registry has no price for the agent ${agentIdentifier} that can be paid on Cardano.`,
      "Nothing was paid. Hire another agent.",
    );
  }
  const problems = otherPrice(information, pricing, assets);
  const registered = registeredUrl(metadata);
  if (plainUrl(registered) !== plainUrl(claims.url)) {
    problems.push(`URL: reached at ${claims.url}, the registry says ${printable(registered) || "none"}`);
  }
  if (information?.network && information.network !== claims.network) {
    problems.push(`network: the agent says ${printable(information.network)}, you pay on ${claims.network}`);
  }
  const type = selected ? "Web3CardanoV2" : "Web3CardanoV1";
  if (information?.paymentSourceType && information.paymentSourceType !== type) {
    problems.push(
      `contract: the agent says ${printable(information.paymentSourceType)}, the registry ${type}`,
    );
  }
  if (selected?.source && !isCardanoV2(selected.source)) {
    problems.push(`payment source ${selected.index} of the registry is not one of Cardano's V2 contract`);
  }
  if (selected?.source?.network && selected.source.network !== claims.network) {
    problems.push(
      `payment source ${selected.index} is on ${selected.source.network}, you pay on ${claims.network}`,
    );
  }
  if (problems.length > 0) throw termsDiffer("What the agent says differs from the registry", problems);
  return { agentIdentifier, name: metadata.name, pricing, sourceIndex: selected?.index };
}

export const termsDiffer = (what: string, problems: readonly string[]) =>
  new HireError(
    "HIRE_TERMS_DIFFER",
    `${what}; nothing was paid:${listed(problems)}`,
    "\nHire another agent.",
  );
