import { isAddressOf, type Network } from "../../chain/cardano.ts";
import type {
  AgentPricing,
  CardanoPaymentSource,
  EvmPaymentSource,
  SupportedPaymentSource,
} from "../../store/listing.ts";
import type { Call } from "../endpoint.ts";
import { badRequest } from "../errors.ts";
import type { RegistrationContent } from "./registration-schema.ts";

type GivenSource = NonNullable<RegistrationContent["supportedPaymentSources"]>[number];
type GivenCardanoSource = Extract<GivenSource, { chain: "Cardano" }>;
type GivenEvmSource = Extract<GivenSource, { chain: "EVM" }>;

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

function normalSource({ pricing, ...where }: GivenCardanoSource): CardanoPaymentSource {
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
function requireUsableSource(source: CardanoPaymentSource, network: Network): void {
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

/** Addresses in lower case; whom it pays is said twice. */
function normalEvmSource({ pricing, ...source }: GivenEvmSource): EvmPaymentSource {
  const { chain, network, scheme, payTo, resource, extra } = source;
  const lower = payTo.toLowerCase();
  const where = { chain, network, paymentSourceType: null, address: lower, scheme, payTo: lower } as const;
  const more = { ...(resource === undefined ? {} : { resource }), ...(extra === undefined ? {} : { extra }) };
  return { ...where, ...more, pricing: normalEvmPricing(pricing) };
}

function normalEvmPricing(pricing: GivenEvmSource["pricing"]): EvmPaymentSource["pricing"] {
  if (pricing.pricingType === "Free") return pricing;
  const withDecimals = (decimals: number | undefined) => (decimals === undefined ? {} : { decimals });
  if (pricing.pricingType === "Dynamic") {
    const dynamic = pricing.dynamic?.map(({ asset, decimals }) => ({
      asset: asset.toLowerCase(),
      ...withDecimals(decimals),
    }));
    return { pricingType: "Dynamic", ...(dynamic && { dynamic }) };
  }
  const fixed = pricing.fixed.map(({ asset, amount, decimals }) => ({
    asset: asset.toLowerCase(),
    amount: normalAmount(amount),
    ...withDecimals(decimals),
  }));
  return { pricingType: "Fixed", fixed };
}

/** The key may have to be allowed a chain; that it can be settled there is looked at when all sources are right. */
function requireAllowedChain(call: Call, network: string): void {
  if (call.key.permission === "Admin" || call.key.chains.includes(network)) return;
  throw badRequest("Not authorized to advertise x402 payment sources on this network");
}

function requireSettledChains(call: Call, sources: readonly SupportedPaymentSource[]): void {
  const asked = sources.filter(({ chain }) => chain === "EVM").map(({ network }) => network);
  const missing = [...new Set(asked)].filter((network) => !call.world.x402.has(network));
  if (missing.length > 0) {
    throw badRequest(`x402 network is not available for settlement: ${missing.join(", ")}`);
  }
}

/** The payment sources of a V2 registration as they are kept; throws for the first that breaks a rule. */
export function normalSources(
  call: Call,
  sources: readonly GivenSource[],
  network: Network,
): SupportedPaymentSource[] {
  const seen = new Set<string>();
  const normal = sources.map((given, index) => {
    const source = given.chain === "Cardano" ? normalSource(given) : normalEvmSource(given);
    const key = JSON.stringify({ ...source, extra: undefined });
    if (seen.has(key))
      throw badRequest(`supportedPaymentSources[${index}] duplicates an earlier payment option`);
    seen.add(key);
    if (source.chain === "EVM") requireAllowedChain(call, source.network);
    else requireUsableSource(source, network);
    return source;
  });
  requireSettledChains(call, normal);
  return normal;
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
