import { formatUnits, parseMillionths } from "../../providers/common/amounts.ts";
import type { StackConfig } from "../../infra/config.ts";
import type { TokenCount } from "./token-counts.ts";

/** Decimals of an amount of money here: a price in millionths of a dollar is for a million tokens. */
const DECIMALS = 12;
const SHOWN = 6;

/** What models cost, as masumi:modelPrices says it: US dollars per million tokens, by the model's name. */
export type ModelPrices = StackConfig["modelPrices"];

/** Return what tokens of a model cost, in units of 10^-12 US dollars; undefined if the model has no price. */
export function costOf(
  { model, inputTokens, outputTokens }: Pick<TokenCount, "model" | "inputTokens" | "outputTokens">,
  prices: ModelPrices,
): bigint | undefined {
  const price = Object.hasOwn(prices, model) ? prices[model] : undefined;
  const [input, output] = [price?.input, price?.output].map((text) => parseMillionths(text ?? ""));
  if (input === undefined || output === undefined) return undefined;
  return BigInt(inputTokens) * input + BigInt(outputTokens) * output;
}

/** Return a cost as US dollars, exactly. @example formatUsd(1640000000n) // "0.00164" */
export const formatUsd = (cost: bigint): string => formatUnits(cost, DECIMALS);

/** Return US dollars with so many decimals that they can be read, rounded to the nearest. @example roundUsd("0.0000005") // "0.000001" */
export function roundUsd(usd: string): string {
  const [whole = "", fraction = ""] = usd.split(".");
  const exact = BigInt(whole + fraction) * 10n ** BigInt(DECIMALS - fraction.length);
  const unit = 10n ** BigInt(DECIMALS - SHOWN);
  return formatUnits((exact + unit / 2n) / unit, SHOWN);
}
