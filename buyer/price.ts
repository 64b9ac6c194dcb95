import { type AssetTable, type Network, formatPrice } from "../infra/declarations/index.ts";
import { printable } from "../providers/common/printable.ts";
import { HireError } from "./hire-error.ts";

/** An amount in base units, as digits; `unit` is "" for lovelace, else policy id and asset name in hex. */
export interface Funds {
  readonly amount: string;
  readonly unit: string;
}

/** Return equal units added up, and ADA under one name, so that prices can be compared. */
export function totals(funds: readonly Funds[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { amount, unit } of funds) {
    const plain = unit === "lovelace" ? "" : unit.toLowerCase();
    sums.set(plain, (sums.get(plain) ?? 0n) + BigInt(amount));
  }
  return sums;
}

export function samePrice(a: readonly Funds[], b: readonly Funds[]): boolean {
  const [left, right] = [totals(a), totals(b)];
  return left.size === right.size && [...left].every(([unit, amount]) => right.get(unit) === amount);
}

/** Return a price for people: `12 USDM + 2 ADA`. */
export const inWords = (funds: readonly Funds[], table: AssetTable): string =>
  printable(
    Array.from(totals(funds), ([unit, amount]) => formatPrice({ amount: String(amount), unit }, table)).join(
      " + ",
    ),
  );

/** Where is paid, and with which tokens. */
export interface Market {
  readonly network: Network;
  readonly assets: AssetTable;
}

/**
 * Require a limit where there must be one: real money, and a price that only the agent knows, are never spent without.
 *
 * @throws HireError HIRE_MAX_PRICE_MISSING
 */
export function requireLimit({ network }: Market, limits: readonly Funds[], isDynamic: boolean): void {
  if (limits.length > 0 || (network !== "Mainnet" && !isDynamic)) return;
  const why =
    network === "Mainnet" ? "A job on Mainnet costs real money" : "The agent sets its price for each job";
  throw new HireError(
    "HIRE_MAX_PRICE_MISSING",
    `${why}, and no limit is set; nothing was started.`,
    "Set a limit with --max-price, such as --max-price 5USDM.",
  );
}

/** Require that a price is within its limits. @throws HireError HIRE_PRICE_TOO_HIGH when a part of the price is above its limit, or has none */
export function requireWithin(price: readonly Funds[], limits: readonly Funds[], table: AssetTable): void {
  if (limits.length === 0) return;
  const allowed = totals(limits);
  const isTooHigh = [...totals(price)].some(([unit, amount]) => amount > (allowed.get(unit) ?? 0n));
  if (!isTooHigh) return;
  throw new HireError(
    "HIRE_PRICE_TOO_HIGH",
    `A job costs ${inWords(price, table)}; --max-price allows ${inWords(limits, table)}. Nothing was paid.`,
    "Raise --max-price (give it once for each token), or hire another agent.",
  );
}
