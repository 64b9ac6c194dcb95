import { z } from "zod";
import {
  atomicAmount,
  cardanoAddress,
  hexIdentifier,
  listOfPrices,
  network,
  paymentSourceType,
  text,
  text250,
  url,
} from "../fields.ts";

const agentPricing = z.union([
  z.object({
    pricingType: z.literal("Fixed"),
    Pricing: listOfPrices(z.object({ unit: text250, amount: atomicAmount })),
  }),
  z.object({ pricingType: z.literal("Free") }),
  z.object({ pricingType: z.literal("Dynamic") }),
]);

const decimals = z.int().min(0).max(255).optional();

/** Pricing inside a payment source; `checkDecimals` says what is wrong with the decimals of a fixed price. */
const sourcePricing = (checkDecimals: (given: boolean) => string | undefined) =>
  z.union([
    z.object({
      pricingType: z.literal("Fixed"),
      fixed: listOfPrices(
        z.object({ asset: text250, amount: atomicAmount, decimals }).superRefine((price, context) => {
          const message = checkDecimals(price.decimals !== undefined);
          if (message) context.addIssue({ code: "custom", path: ["decimals"], message });
        }),
      ),
    }),
    z.object({
      pricingType: z.literal("Dynamic"),
      dynamic: z
        .array(z.object({ asset: text250, decimals }))
        .length(1)
        .optional(),
    }),
    z.object({ pricingType: z.literal("Free") }),
  ]);

const evmAddress = z.string().regex(/^0x[a-fA-F0-9]{40}$/);

const supportedPaymentSource = z.union([
  z.object({
    chain: z.literal("Cardano"),
    network,
    paymentSourceType,
    address: text250,
    pricing: sourcePricing((given) => (given ? "Cardano fixed pricing does not use decimals" : undefined)),
  }),
  z.object({
    chain: z.literal("EVM"),
    network: z.string().regex(/^eip155:\d+$/, "x402 EVM network must be a CAIP-2 eip155 chain id"),
    paymentSourceType: paymentSourceType.nullish(),
    address: evmAddress.optional(),
    scheme: z.literal("Exact"),
    payTo: evmAddress,
    resource: url(500).optional(),
    extra: z.record(z.string(), z.unknown()).optional(),
    pricing: sourcePricing((given) => (given ? undefined : "Fixed x402 pricing requires token decimals")),
  }),
]);

const text128 = z.string().min(1).max(128);
const oobi = url(500);
const verification = z.object({
  method: z.string().min(1).max(40),
  schemaVersion: text(16).optional(),
  issuer: z.object({ aid: text128, oobi }),
  schema: z.object({ said: text128, oobi }),
  credential: z.object({ said: text128, oobi, registry: text128.optional() }),
  holder: z.object({ aid: text128, oobi }),
  baseUrl: url(500).optional(),
});

/** What registering and updating share. The order of the fields is the order of the complaints. */
const beforeUrl = {
  recipientWalletAddress: cardanoAddress("recipientWalletAddress").optional(),
  sendFundingLovelace: z.string().max(17).regex(/^\d+$/).optional(),
  supportedPaymentSources: z.array(supportedPaymentSource).min(1).max(25).optional(),
  verifications: z.array(verification).max(10).optional(),
  ExampleOutputs: z.array(z.object({ name: text(60), url: text250, mimeType: text(60) })).max(25),
  Tags: z.array(text(63)).min(1).max(15),
  name: text250,
};
const afterUrl = {
  description: text250,
  Capability: z.object({ name: text250, version: text250 }),
  AgentPricing: agentPricing.optional(),
  Legal: z
    .object({ privacyPolicy: text250.optional(), terms: text250.optional(), other: text250.optional() })
    .optional(),
  Author: z.object({
    name: text250,
    contactEmail: text250.optional(),
    contactOther: text250.optional(),
    organization: text250.optional(),
  }),
};

const content = { ...beforeUrl, apiBaseUrl: url(250), ...afterUrl };

const sellingWalletVkey = z
  .string()
  .min(56)
  .max(56)
  .regex(/^[0-9a-fA-F]{56}$/, "sellingWalletVkey must be a 56-char hex blake2b-224 payment-key hash");

export const registerSchema = z.object({
  network,
  sellingWalletVkey,
  ...content,
});

export const updateSchema = z.object({
  network,
  ...content,
  agentIdentifier: hexIdentifier,
  smartContractAddress: cardanoAddress("smartContractAddress").optional(),
});

/** How an agent is reached, from 0.29 on: which URL belongs to which type is a matter of the business rules. */
const endpoints = {
  apiBaseUrl: url(250).optional(),
  openApiSpecUrl: url(250).optional(),
  x402ResourcesUrl: url(250).optional(),
};
const type = z.enum(["Standard", "OpenApi", "X402"]).optional();

const contentByType = { ...beforeUrl, ...endpoints, ...afterUrl };

/** What 0.30 adds for agents that speak A2A. */
const a2aType = z.enum(["Standard", "OpenApi", "X402", "A2A"]).optional();
const a2aVersion = z
  .string()
  .max(64)
  .regex(/^[0-9]+\.[0-9]+$/, "A2A protocol version must use Major.Minor");
const a2aEndpoints = {
  ...endpoints,
  a2aAgentCardUrl: url(250).optional(),
  a2aProtocolVersions: z.array(a2aVersion).min(1).max(10).optional(),
  skipAgentCardValidation: z.boolean().optional(),
};
const contentWithA2A = { ...beforeUrl, ...a2aEndpoints, ...afterUrl };

export const registerSchema029 = z.object({
  network,
  type,
  sellingWalletVkey,
  ...contentByType,
});

export const updateSchema029 = z.object({
  network,
  type,
  ...contentByType,
  agentIdentifier: hexIdentifier,
  smartContractAddress: cardanoAddress("smartContractAddress").optional(),
});

export const registerSchema030 = z.object({
  network,
  type: a2aType,
  sellingWalletVkey,
  ...contentWithA2A,
});

export const updateSchema030 = z.object({
  network,
  type: a2aType,
  ...contentWithA2A,
  agentIdentifier: hexIdentifier,
  smartContractAddress: cardanoAddress("smartContractAddress").optional(),
});

type Content = z.output<z.ZodObject<typeof content>>;

/** What an author says about an agent, in any release. */
export type RegistrationContent = Omit<Content, "apiBaseUrl"> & {
  readonly type?: "Standard" | "OpenApi" | "X402" | "A2A" | undefined;
  readonly apiBaseUrl?: string | undefined;
  readonly openApiSpecUrl?: string | undefined;
  readonly x402ResourcesUrl?: string | undefined;
  readonly a2aAgentCardUrl?: string | undefined;
  readonly a2aProtocolVersions?: readonly string[] | undefined;
  readonly skipAgentCardValidation?: boolean | undefined;
};
