import { z } from "zod";

const LARGEST_AMOUNT = 9_223_372_036_854_775_807n;

function isAtomicAmount(text: string): boolean {
  try {
    const amount = BigInt(text);
    return amount >= 1n && amount <= LARGEST_AMOUNT;
  } catch {
    return false;
  }
}

type Context = z.core.$RefinementCtx<{ readonly length: number }>;

/**
 * The limit of the zod release that the service runs: lengths are UTF-16 units, and a list that is too long is still
 * looked into. Later releases count characters, and stop at the list.
 */
const limit =
  (origin: "string" | "array", maximum: number) => (value: { readonly length: number }, context: Context) => {
    if (value.length <= maximum) return;
    context.addIssue({ code: "too_big", origin, maximum, inclusive: true, input: value });
  };

// Field descriptions shared by several endpoints. zod's own texts are the service's, so nothing is worded here but
// what the service words itself.
export const network = z.enum(["Preprod", "Mainnet"]);
export const paymentSourceType = z.enum(["Web3CardanoV1", "Web3CardanoV2"]);
export const text = (maximum: number) => z.string().superRefine(limit("string", maximum));
export const url = (maximum: number) => z.url().superRefine(limit("string", maximum));
export const listOfPrices = <T extends z.ZodType>(price: T) =>
  z.array(price).min(1).superRefine(limit("array", 5));
export const text250 = text(250);
export const agentIdentifier = z.string().min(57).max(250);
export const pageSize = z.coerce.number().min(1).max(100).default(10).transform(Math.floor);

export const atomicAmount = z
  .string()
  .regex(/^\d+$/)
  .refine(isAtomicAmount, `Atomic amount must be between 1 and ${LARGEST_AMOUNT}`);

export const cardanoAddress = (field: string) =>
  z
    .string()
    .min(58)
    .max(120)
    .regex(/^(addr1|addr_test1)[0-9a-z]+$/, `${field} must be a bech32 Cardano address`);

export const hexIdentifier = agentIdentifier.regex(
  /^[0-9a-fA-F]+$/,
  "agentIdentifier must be a hex string (policyId + assetName)",
);

/** Amounts of a request: up to seven, the amount in digits. */
export const amounts = z
  .array(z.object({ amount: z.string().max(25), unit: z.string().max(150) }))
  .max(7)
  .optional();
/** ISO 8601: a day, or a moment with or without a zone. */
export const time = z.union([z.iso.date(), z.iso.datetime(), z.iso.datetime({ local: true })]);
