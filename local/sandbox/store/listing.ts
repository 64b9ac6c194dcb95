/** What an author says about an agent: the part of a registry entry that is kept as given. */
export interface Listing {
  readonly name: string;
  readonly description: string;
  /** How the agent is reached, from release 0.29 on; absent = Standard. Its own fields below have the URLs, the others are null. */
  readonly type?: string | undefined;
  readonly apiBaseUrl: string | null;
  readonly openApiSpecUrl?: string | null | undefined;
  readonly x402ResourcesUrl?: string | null | undefined;
  readonly a2aAgentCardUrl?: string | null | undefined;
  readonly a2aProtocolVersions?: readonly string[] | undefined;
  readonly Capability: { readonly name: string; readonly version: string };
  readonly Author: {
    readonly name: string;
    readonly contactEmail: string | null;
    readonly contactOther: string | null;
    readonly organization: string | null;
  };
  readonly Legal: {
    readonly privacyPolicy: string | null;
    readonly terms: string | null;
    readonly other: string | null;
  };
  readonly Tags: readonly string[];
  readonly ExampleOutputs: readonly {
    readonly name: string;
    readonly url: string;
    readonly mimeType: string;
  }[];
  readonly AgentPricing: AgentPricing | null;
  readonly supportedPaymentSources: readonly SupportedPaymentSource[] | null;
  readonly verifications: readonly unknown[] | null;
  /** What the entry shows instead, as a release that nobody knows yet might. */
  readonly shownAs?: Readonly<Record<string, unknown>> | undefined;
}

export type AgentPricing =
  | {
      readonly pricingType: "Fixed";
      readonly Pricing: readonly { readonly amount: string; readonly unit: string }[];
    }
  | { readonly pricingType: "Free" | "Dynamic" };

export type SupportedPaymentSource = CardanoPaymentSource | EvmPaymentSource;

export interface EvmPaymentSource {
  readonly chain: "EVM";
  /** As CAIP-2 names it. */
  readonly network: string;
  readonly paymentSourceType: null;
  /** The same as `payTo`. */
  readonly address: string;
  readonly scheme: "Exact";
  readonly payTo: string;
  readonly resource?: string | undefined;
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
  readonly pricing:
    | {
        readonly pricingType: "Fixed";
        readonly fixed: readonly {
          readonly asset: string;
          readonly amount: string;
          readonly decimals?: number;
        }[];
      }
    | {
        readonly pricingType: "Dynamic";
        readonly dynamic?: readonly { readonly asset: string; readonly decimals?: number }[];
      }
    | { readonly pricingType: "Free" };
}

export interface CardanoPaymentSource {
  readonly chain: "Cardano";
  readonly network: string;
  readonly paymentSourceType: string;
  readonly address: string;
  readonly pricing:
    | {
        readonly pricingType: "Fixed";
        readonly fixed: readonly { readonly asset: string; readonly amount: string }[];
      }
    | { readonly pricingType: "Dynamic"; readonly dynamic?: readonly { readonly asset: string }[] }
    | { readonly pricingType: "Free" };
}

/** All prices of a listing on Cardano, V1 and V2 alike; unit "" is ADA. */
export function pricesOf(listing: Listing): { unit: string; amount: string }[] {
  const v1 = listing.AgentPricing?.pricingType === "Fixed" ? listing.AgentPricing.Pricing : [];
  const v2 = (listing.supportedPaymentSources ?? []).flatMap(({ chain, pricing }) =>
    chain === "Cardano" && pricing.pricingType === "Fixed"
      ? pricing.fixed.map(({ asset, amount }) => ({ unit: asset, amount }))
      : [],
  );
  return [...v1, ...v2];
}

export function pricingTypesOf(listing: Listing): string[] {
  return [
    listing.AgentPricing,
    ...(listing.supportedPaymentSources ?? []).map((source) => source.pricing),
  ].flatMap((pricing) => (pricing ? [pricing.pricingType] : []));
}
