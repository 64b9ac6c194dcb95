import { isAddressOf, type Network } from "../../chain/cardano.ts";
import type { AgentPricing, SupportedPaymentSource } from "../../store/listing.ts";
import type { Call } from "../endpoint.ts";
import { badRequest } from "../errors.ts";
import type { RegistrationContent } from "./registration-schema.ts";

type GivenSource = NonNullable<RegistrationContent["supportedPaymentSources"]>[number];
type GivenCardanoSource = Extract<GivenSource, { chain: "Cardano" }>;

const normalUnit = (unit: string) => (unit === "lovelace" ? "" : unit);
const normalAmount = (amount: string) => BigInt(amount).toString();

/** Prices as the service keeps them: lovelace is "", no leading zeros, nothing but the type where there is no price. */
export function normalPricing(pricing: NonNullable<RegistrationContent["AgentPricing"]>): AgentPricing {
  if (pricing.pricingType !== "Fixed") return { pricingType: pricing.pricingType };
  const Pricing = pricing.Pricing.map((price) => ({
    amount: normalAmount(price.amount),
    unit: normalUnit(price.unit),
  }));
  return { pricingType: "Fixed", Pricing };
}

function normalSource({ pricing, ...where }: GivenCardanoSource): SupportedPaymentSource {
  const { chain, network, paymentSourceType, address } = where;
  if (pricing.pricingType === "Free") return { chain, network, paymentSourceType, address, pricing };
  if (pricing.pricingType === "Dynamic") {
    const dynamic = pricing.dynamic?.map(({ asset }) => ({ asset: normalUnit(asset) }));
    return {
      chain,
      network,
      paymentSourceType,
      address,
      pricing: { pricingType: "Dynamic", ...(dynamic && { dynamic }) },
    };
  }
  const fixed = pricing.fixed.map(({ asset, amount }) => ({
    asset: normalUnit(asset),
    amount: normalAmount(amount),
  }));
  return { chain, network, paymentSourceType, address, pricing: { pricingType: "Fixed", fixed } };
}

/** The rules for one advertised Cardano source of a V2 registration. */
function requireUsableSource(source: SupportedPaymentSource, network: Network): void {
  if (source.network !== network)
    throw badRequest("Supported payment source network must match the registry network");
  if (source.paymentSourceType !== "Web3CardanoV2") {
    throw badRequest(
      "V2 registry entries may only advertise V2 payment sources. Legacy V1 sources cannot be listed on a V2 mint.",
    );
  }
  if (!source.address.startsWith(network === "Mainnet" ? "addr1" : "addr_test1")) {
    throw badRequest("Supported Cardano payment source address does not match the registry network");
  }
  if (!isAddressOf(network, source.address)) {
    throw badRequest("Supported Cardano payment source address is not a valid Cardano address");
  }
}

/** A node without x402 sells on Cardano only; which refusal a caller sees depends on the key. */
function refuseEvm(call: Call, network: string): never {
  throw badRequest(
    call.key.permission === "Admin"
      ? `x402 network is not available for settlement: ${network}`
      : "Not authorized to advertise x402 payment sources on this network",
  );
}

/** The payment sources of a V2 registration as they are kept; throws for the first that breaks a rule. */
export function normalSources(
  call: Call,
  sources: readonly GivenSource[],
  network: Network,
): SupportedPaymentSource[] {
  const seen = new Set<string>();
  return sources.map((given, index) => {
    const source = given.chain === "Cardano" ? normalSource(given) : given;
    const key = JSON.stringify(source);
    if (seen.has(key))
      throw badRequest(`supportedPaymentSources[${index}] duplicates an earlier payment option`);
    seen.add(key);
    if (source.chain === "EVM") return refuseEvm(call, source.network);
    requireUsableSource(source, network);
    return source;
  });
}

const BACKEND_DOWN = "validation error: An unexpected response was received from the backend.";

function problemWith(call: Call, unit: string, chainIsDown: boolean): string | undefined {
  if (!/^[0-9a-fA-F]{56,}$/.test(unit)) return "invalid format - must be policyId + assetName in hex";
  if (chainIsDown) return BACKEND_DOWN;
  return call.world.assets.has(unit) || call.store.ledger.asset(unit)
    ? undefined
    : "asset not found on-chain";
}

/** Native tokens in prices must exist; prices in ADA never touch the chain. */
export function requireKnownUnits(call: Call, units: readonly string[]): void {
  const tokens = [...new Set(units)].filter((unit) => unit !== "");
  if (tokens.length === 0) return;
  const chainIsDown = call.faults.takeChainDown(call.route);
  const problems = tokens.flatMap((unit) => {
    const problem = problemWith(call, unit, chainIsDown);
    return problem ? [`${unit} (${problem})`] : [];
  });
  if (problems.length > 0) throw badRequest(`Invalid assets in pricing: ${problems.join(", ")}`);
}
