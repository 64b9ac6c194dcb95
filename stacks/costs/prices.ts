import { formatUnits, parseMillionths } from "../../providers/common/amounts.ts";
import type { StackConfig } from "../../infra/config.ts";
import type { RunningTime, TokenCount } from "./usage.ts";

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

/** What containers cost, as masumi:containerPrices says it: US dollars per hour. */
export type ContainerPrices = StackConfig["containerPrices"];

const HOUR_MS = 3_600_000n;
/** CPU units of a core, and MiB of a gigabyte as clouds reckon it. */
const WHOLE = 1024n;

/**
 * Return what an agent pays for a time that its runtime was up, or its job ran in a container that others share; in units of 10^-12 US
 * dollars, rounded down. Jobs in a container of the agent's own cost nothing beside it. Undefined if there is no price for it.
 */
export function costOfTime(
  { job, cpu, memory, milliseconds, isShared }: Omit<RunningTime, "month" | "agent">,
  prices: ContainerPrices,
): bigint | undefined {
  const isJob = job !== null;
  if (isJob && !isShared) return 0n;
  const priceOf = (name: keyof ContainerPrices): bigint => parseMillionths(prices[name] ?? "0") ?? 0n;
  if (isJob) {
    return prices.sharedJobHour === undefined
      ? undefined
      : hours(milliseconds, priceOf("sharedJobHour") * WHOLE);
  }
  const bySize = BigInt(cpu) * priceOf("vcpuHour") + BigInt(memory) * priceOf("gbHour");
  const hasPrice =
    prices.hour !== undefined ||
    (cpu > 0 && prices.vcpuHour !== undefined) ||
    (memory > 0 && prices.gbHour !== undefined);
  return hasPrice ? hours(milliseconds, priceOf("hour") * WHOLE + bySize) : undefined;
}

/** Whether a time is to have a price: a process, which has no size, only where prices are set; on one's own machine nobody asks for any. */
export const isBilled = (
  { job, cpu, memory }: Pick<RunningTime, "job" | "cpu" | "memory">,
  prices: ContainerPrices,
): boolean =>
  job !== null || cpu > 0 || memory > 0 || Object.values(prices).some((price) => price !== undefined);

/** @param price of an hour, in millionths of a dollar, for a 1024th */
const hours = (milliseconds: number, price: bigint): bigint =>
  (BigInt(milliseconds) * price * 10n ** BigInt(DECIMALS - 6)) / (HOUR_MS * WHOLE);

/** Return a cost as US dollars, exactly. @example formatUsd(1640000000n) // "0.00164" */
export const formatUsd = (cost: bigint): string => formatUnits(cost, DECIMALS);

/** Return the sum of amounts in US dollars, exactly; null if one of them is not known. */
export function sumUsd(amounts: readonly (string | null)[]): string | null {
  let sum = 0n;
  for (const usd of amounts) {
    if (usd === null) return null;
    sum += parseUsd(usd);
  }
  return formatUsd(sum);
}

function parseUsd(usd: string): bigint {
  const [whole = "", fraction = ""] = usd.split(".");
  return BigInt(whole + fraction) * 10n ** BigInt(DECIMALS - fraction.length);
}

/** Return US dollars with so many decimals that they can be read, rounded to the nearest. @example roundUsd("0.0000005") // "0.000001" */
export function roundUsd(usd: string): string {
  const unit = 10n ** BigInt(DECIMALS - SHOWN);
  return formatUnits((parseUsd(usd) + unit / 2n) / unit, SHOWN);
}
