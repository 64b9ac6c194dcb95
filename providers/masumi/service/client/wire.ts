import { z } from "zod";

/**
 * What the payment service sends and accepts, with its own names (releases 0.10 to 0.28, and what is known of the next).
 * Answers are read leniently: a field that an older release lacks, or a newer one adds, must not make an entry unreadable, and
 * one unreadable entry not a list. So the elements of lists are read one by one (see entries.ts).
 */

const text = z.string();
const optionalText = z.string().nullish();

const price = z.object({ amount: text, unit: text });
/** A type of a newer release makes the entry unreadable: its price must not be taken for another. */
const pricingType = z.enum(["Fixed", "Free", "Dynamic"]);
const agentPricing = z.object({ pricingType, Pricing: z.array(price).nullish() });

const paymentSourcePricing = z.object({
  pricingType,
  fixed: z.array(z.object({ asset: text, amount: text })).nullish(),
});
const cardanoSource = z.object({
  chain: z.literal("Cardano").nullish(),
  address: optionalText,
  pricing: paymentSourcePricing.nullish(),
});
/** Base units of an EVM token, and its decimals, as its contract can have them: amounts are computed with. */
const evmAmount = text.regex(/^\d{1,78}$/, "is no amount");
const evmDecimals = z.int().min(0).max(255);
/** A payment by x402. What is missing, or new, makes the entry unreadable: where money goes is not guessed. */
const evmPricing = z.discriminatedUnion("pricingType", [
  z.object({
    pricingType: z.literal("Fixed"),
    fixed: z.tuple([z.object({ asset: text, amount: evmAmount, decimals: evmDecimals })]),
  }),
  z.object({
    pricingType: z.literal("Dynamic"),
    dynamic: z.tuple([z.object({ asset: text, decimals: evmDecimals.nullish() })]).nullish(),
  }),
  z.object({ pricingType: z.literal("Free") }),
]);
const evmSource = z.object({
  chain: z.literal("EVM"),
  network: text,
  address: optionalText,
  scheme: text,
  payTo: text,
  resource: optionalText,
  extra: z.record(text, z.unknown()).nullish(),
  pricing: evmPricing,
});
export type EvmSource = z.output<typeof evmSource>;
const supportedPaymentSource = z.union([evmSource, cardanoSource]);

/** Types of entries. Releases up to 0.28 know standard agents alone, and do not say it; A2A came after the others. */
export const ENTRY_TYPES = ["Standard", "OpenApi", "X402", "A2A"] as const;
export type EntryType = (typeof ENTRY_TYPES)[number];

/** Which of an entry's URLs its type needs; it has no other but that A2A has its apiBaseUrl as well. */
export const DOCUMENT_OF = {
  OpenApi: "openApiSpecUrl",
  X402: "x402ResourcesUrl",
  A2A: "a2aAgentCardUrl",
} as const satisfies Record<Exclude<EntryType, "Standard">, string>;

const walletReference = z.object({ walletVkey: text, walletAddress: optionalText });

/**
 * A registration, in the same format in every answer. From the release after 0.28 on, entries have a `type`, and those of the types
 * OpenApi and X402 have no apiBaseUrl.
 */
export const registryEntry = z
  .object({
    error: optionalText,
    id: text,
    name: text,
    description: optionalText,
    type: z.enum(ENTRY_TYPES).nullish(),
    apiBaseUrl: optionalText,
    openApiSpecUrl: optionalText,
    x402ResourcesUrl: optionalText,
    a2aAgentCardUrl: optionalText,
    a2aProtocolVersions: z.array(text).nullish(),
    Capability: z.object({ name: optionalText, version: optionalText }).nullish(),
    Author: z.object({
      name: text,
      contactEmail: optionalText,
      contactOther: optionalText,
      organization: optionalText,
    }),
    Legal: z.object({ privacyPolicy: optionalText, terms: optionalText, other: optionalText }).nullish(),
    state: text,
    Tags: z.array(text),
    createdAt: text,
    updatedAt: text,
    ExampleOutputs: z.array(z.object({ name: text, url: text, mimeType: text })).nullish(),
    agentIdentifier: optionalText,
    AgentPricing: agentPricing.nullish(),
    sendFundingLovelace: optionalText,
    supportedPaymentSources: z.array(supportedPaymentSource).nullish(),
    SmartContractWallet: walletReference.nullish(),
    RecipientWallet: walletReference.nullish(),
    CurrentTransaction: z
      .object({ txHash: optionalText, status: optionalText, fees: optionalText })
      .nullish(),
  })
  .superRefine((entry, context) => {
    const { type } = entry;
    const isStandard = !type || type === "Standard";
    const needed = isStandard
      ? (["apiBaseUrl"] as const)
      : [DOCUMENT_OF[type], ...(type === "A2A" ? (["apiBaseUrl"] as const) : [])];
    for (const path of needed.filter((field) => !entry[field])) {
      context.addIssue({
        code: "custom",
        path: [path],
        message: `missing, though it is of the type ${type ?? "Standard"}`,
      });
    }
  });
export type RegistryEntry = z.output<typeof registryEntry>;

/** What a list needs to be paged: every element has an id. */
const listed = z.looseObject({ id: text });
export type Listed = z.output<typeof listed>;

export const registryList = z.object({ Assets: z.array(listed) });

/** As much of an entry that is not a {@link registryEntry} as tells whose it is. */
export const strangeEntry = z.object({
  name: text.catch(""),
  type: text.nullish().catch(undefined),
  state: text.catch(""),
  Tags: z.array(z.unknown()).catch([]),
});

/** GET /registry/count: supports only the payment source filter. */
export const registryCount = z.object({ total: z.number() });

/** Message of the 404 to a deregistration or update whose token nobody holds: it was burned, or its identifier is outdated. */
export const TOKEN_NOT_FOUND = "Asset not found";

/** Messages of the 404s of GET /registry/agent-identifier: the token is not on the chain; or it is, without metadata. */
export const IDENTIFIER_NOT_FOUND = "Agent identifier not found";
export const METADATA_NOT_FOUND = "Agent registry metadata not found";

/** GET /api-key-status: what the key may do. NetworkLimit is complete even for an admin key. */
export const apiKeyStatus = z
  .object({
    /** Names the key in the ledger; it is not the key. */
    id: optionalText,
    permission: text,
    canPay: z.boolean().optional(),
    canAdmin: z.boolean().optional(),
    NetworkLimit: z.array(text),
    /** Chains as CAIP-2 names them, EVM's among them; says nothing of an admin key, which may use all. Absent before 0.28. */
    ChainIdLimit: z.array(text).optional().catch(undefined),
    status: text,
    /** Whether purchases are limited to RemainingUsageCredits; nothing else costs credits. */
    usageLimited: z.boolean().optional(),
    RemainingUsageCredits: z
      .array(z.object({ unit: text, amount: text }))
      .optional()
      .catch(undefined),
    walletScopeEnabled: z.boolean().optional(),
    WalletScopes: z.array(z.unknown()).optional().catch(undefined),
  })
  .transform((key) => ({
    ...key,
    canPay: key.canPay ?? key.permission !== "Read",
    canAdmin: key.canAdmin ?? key.permission === "Admin",
  }));
export type ApiKeyStatus = z.output<typeof apiKeyStatus>;

export const paymentSource = z.object({
  id: text,
  network: text,
  /** Absent before 0.28, which has only V1. */
  paymentSourceType: text.default("Web3CardanoV1"),
  smartContractAddress: text,
});
export type PaymentSource = z.output<typeof paymentSource>;
export const paymentSourceList = z.object({ PaymentSources: z.array(listed) });

/** GET /balance: quantities are JSON numbers of base units; an unused address has an empty list. */
export const balance = z.object({
  Balance: z.array(z.looseObject({ unit: z.unknown() })),
});
export const lovelaceBalance = z.object({
  quantity: z.union([z.int(), z.string().regex(/^\d+$/)]).transform(BigInt),
});

export const payment = z.object({
  id: text,
  /** Absent before 0.26, which does not return the agent. */
  agentIdentifier: optionalText,
  /** Null as long as no buyer has locked funds for it. */
  onChainState: optionalText,
  NextAction: z.object({ requestedAction: text }).nullish(),
  /** Unix milliseconds as digits; absent before 0.21. */
  payByTime: optionalText,
  submitResultTime: optionalText,
  externalDisputeUnlockTime: optionalText,
  SmartContractWallet: walletReference.nullish(),
});
export type Payment = z.output<typeof payment>;
/** GET /payment, and GET /payment/count from 0.27 on. */
export const paymentList = z.object({ Payments: z.array(listed) });
/** As much of a payment that is not a {@link payment} as tells whose it may be. */
export const strangePayment = z.object({
  id: text,
  agentIdentifier: optionalText.catch(undefined),
  SmartContractWallet: walletReference.nullish().catch(undefined),
});
export const paymentCount = z.object({ total: z.number() });

/** GET /registry/wallet: the tokens in a wallet, according to the chain, with the metadata that was minted. */
const minted = z
  .object({ Tags: z.array(text).nullish().catch(undefined) })
  .nullish()
  .catch(undefined);
export const walletTokens = z.object({
  Assets: z.array(z.object({ agentIdentifier: z.unknown(), Metadata: minted })),
});
/** GET /registry/agent-identifier */
export const agentMetadata = z.object({ Metadata: minted });

export const success = z.object({ status: z.literal("success"), data: z.unknown() });
export const failure = z.object({ status: z.literal("error"), error: z.object({ message: text }) });

/** GET {origin}/api-docs: only its paths matter, because they identify the release. */
export const apiDocs = z.object({ paths: z.record(text, z.unknown()) });

/** In the same document: the types that POST /registry takes, from the release after 0.28 on. */
export const registerDocs = z
  .object({
    post: z.object({
      requestBody: z.object({
        content: z.object({
          "application/json": z.object({
            schema: z.object({ properties: z.object({ type: z.object({ enum: z.array(text) }) }) }),
          }),
        }),
      }),
    }),
  })
  .transform(({ post }) => post.requestBody.content["application/json"].schema.properties.type.enum);

/** The type of payment source by which a list is filtered; by default the service lists only V1. */
export type PaymentSourceType = "Web3CardanoV1" | "Web3CardanoV2";

export interface RegistrationContent {
  readonly network: string;
  readonly name: string;
  readonly description: string;
  readonly type?: EntryType;
  readonly apiBaseUrl?: string;
  readonly openApiSpecUrl?: string;
  readonly x402ResourcesUrl?: string;
  readonly a2aAgentCardUrl?: string;
  readonly a2aProtocolVersions?: readonly string[];
  readonly Capability: { readonly name: string; readonly version: string };
  readonly Author: Readonly<Record<string, string>>;
  readonly Legal?: Readonly<Record<string, string>>;
  readonly Tags: readonly string[];
  readonly ExampleOutputs: readonly {
    readonly name: string;
    readonly url: string;
    readonly mimeType: string;
  }[];
  readonly AgentPricing?: {
    readonly pricingType: string;
    readonly Pricing?: readonly { readonly unit: string; readonly amount: string }[];
  };
  readonly supportedPaymentSources?: readonly (CardanoSourceBody | EvmSourceBody)[];
}

export interface CardanoSourceBody {
  readonly chain: "Cardano";
  readonly network: string;
  readonly paymentSourceType: PaymentSourceType;
  readonly address: string;
  readonly pricing: {
    readonly pricingType: string;
    readonly fixed?: readonly { readonly asset: string; readonly amount: string }[];
  };
}

export interface EvmSourceBody {
  readonly chain: "EVM";
  readonly network: string;
  readonly scheme: string;
  readonly payTo: string;
  readonly address?: string;
  readonly resource?: string;
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly pricing: {
    readonly pricingType: string;
    readonly fixed?: readonly {
      readonly asset: string;
      readonly amount: string;
      readonly decimals: number;
    }[];
    readonly dynamic?: readonly { readonly asset: string; readonly decimals?: number }[];
  };
}

/** POST /registry */
export interface RegisterBody extends RegistrationContent {
  readonly sellingWalletVkey: string;
}

/** POST /registry/update (V2): the whole registration again; an omitted optional text keeps its old value. */
export interface UpdateBody extends RegistrationContent {
  readonly agentIdentifier: string;
}

/** POST /registry/deregister, and DELETE /registry up to 0.21 */
export interface DeregisterBody {
  readonly agentIdentifier: string;
  readonly network: string;
}
