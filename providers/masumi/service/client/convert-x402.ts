import type { X402Source } from "../model.ts";
import type { EvmSource, EvmSourceBody } from "./wire.ts";

/* Payment sources on EVM chains, between our model and the service's names. */

type Pricing = X402Source["pricing"];

export function toEvmSource(source: X402Source): EvmSourceBody {
  const { network, scheme, payTo, address, resource, extra, pricing } = source;
  return {
    chain: "EVM",
    network,
    scheme,
    payTo,
    ...(address === undefined ? {} : { address }),
    ...(resource === undefined ? {} : { resource }),
    ...(extra === undefined ? {} : { extra }),
    pricing: toPricing(pricing),
  };
}

function toPricing(pricing: Pricing): EvmSourceBody["pricing"] {
  if (pricing.type === "free") return { pricingType: "Free" };
  if (pricing.type === "fixed") {
    const { asset, amount, decimals } = pricing;
    return { pricingType: "Fixed", fixed: [{ asset, amount, decimals }] };
  }
  const { asset, decimals } = pricing;
  if (asset === undefined) return { pricingType: "Dynamic" };
  return { pricingType: "Dynamic", dynamic: [{ asset, ...(decimals === undefined ? {} : { decimals }) }] };
}

export function fromEvmSource(source: EvmSource): X402Source {
  const { network, scheme, payTo, address, resource, extra, pricing } = source;
  return {
    network,
    scheme,
    payTo: payTo.toLowerCase(),
    // The service shows whom it pays twice.
    ...(address && address.toLowerCase() !== payTo.toLowerCase() ? { address } : {}),
    ...(resource ? { resource } : {}),
    ...(extra && Object.keys(extra).length > 0 ? { extra } : {}),
    pricing: fromPricing(pricing),
  };
}

function fromPricing(pricing: EvmSource["pricing"]): Pricing {
  if (pricing.pricingType === "Free") return { type: "free" };
  if (pricing.pricingType === "Fixed") {
    const [{ asset, amount, decimals }] = pricing.fixed;
    return { type: "fixed", asset: asset.toLowerCase(), amount, decimals };
  }
  const [one] = pricing.dynamic ?? [];
  if (!one) return { type: "dynamic" };
  const { asset, decimals } = one;
  return {
    type: "dynamic",
    asset: asset.toLowerCase(),
    ...(decimals === null || decimals === undefined ? {} : { decimals }),
  };
}
