import { z } from "zod";
import { PRICE } from "./assets.ts";
import { matching, ruled, text } from "./texts.ts";

const price = ruled(text(120, 'include the token, for example "1 USDC"'), {
  test: (value) => PRICE.test(value),
  wrong: "is not a price",
  right: 'write an amount and a token, for example "1 USDC"',
  pattern: PRICE.source,
}).meta({ description: "An amount and a token.", examples: ["1 USDC"] });

const source = z.strictObject({
  x402: matching(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
    "is not the name of an entry",
    "write the name of an entry of masumi:x402, for example base",
    63,
  ).meta({
    description: "Name of an entry of the stack's masumi:x402, which says the chain and whom payments go to.",
    examples: ["base"],
  }),
  pricing: z
    .union([
      z.enum(["free", "dynamic"]),
      z.strictObject({ fixed: price.meta({ description: "Price of one job, in one token of that entry." }) }),
    ])
    .meta({ description: "free, dynamic, or a fixed price in one token.", examples: [{ fixed: "1 USDC" }] }),
});

/** The service accepts 25; one is the selling wallet's own. */
export const sources = z
  .array(source)
  .min(1)
  .max(24)
  .meta({
    description:
      "Further ways to pay the agent, beside the one on Cardano (`pricing`): on EVM chains by x402, which the agent itself must take. " +
      "V2 wallets alone; the payment service must settle on these chains.",
    examples: [[{ x402: "base", pricing: { fixed: "1 USDC" } }]],
  });
