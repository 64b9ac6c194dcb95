import { z } from "zod";
import { evmAddressProblem } from "../../../providers/common/evm-address.ts";

/*
 * Payments on EVM chains by x402. Whom they pay, and in which tokens, is the stack's to say (masumi:x402): an agent's file names one of
 * its entries, so whoever may change the file cannot have the money go elsewhere.
 */

const address = z.string().superRefine((text, context) => {
  const message = evmAddressProblem(text);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

const NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

const token = z.strictObject({
  /** Of its contract. */
  address,
  decimals: z.int().min(0).max(36),
  /** What payers need to know to sign for it. @example { name: "USDC", version: "2" } */
  extra: z.record(z.string(), z.string()).exactOptional(),
});

const place = z.strictObject({
  /** The chain, as CAIP-2 names it. @example "eip155:8453" */
  network: z.string().regex(/^eip155:\d+$/, "expected a chain as CAIP-2 names it, for example eip155:8453"),
  /** Whom payments go to. */
  payTo: address,
  tokens: z
    .record(z.string().regex(/^\S+$/, "expected the name of a token, for example USDC"), token)
    .default({}),
});

/** masumi:x402, by the names that agents' files use. */
export const x402Settings = z.record(
  z.string().regex(NAME, "expected a name in lower-case letters, digits and -"),
  place,
);
export type X402Settings = z.output<typeof x402Settings>;
export type X402Place = z.output<typeof place>;
