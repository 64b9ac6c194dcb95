import { type AssetTable, formatPrice, toBaseUnits } from "../infra/declarations/index.ts";
import { printable } from "../providers/printable.ts";
import { UserError } from "../stacks/user-error.ts";
import { HireError } from "./errors.ts";

/** An amount in base units, as digits; `unit` is "" for lovelace, else policy id and asset name in hex. */
export interface Funds {
  readonly amount: string;
  readonly unit: string;
}

/** Equal units added up, and ADA under one name, so that prices can be compared. */
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

/** A price for people: `12 USDM + 2 ADA`. */
export const inWords = (funds: readonly Funds[], table: AssetTable): string =>
  printable(
    Array.from(totals(funds), ([unit, amount]) => formatPrice({ amount: String(amount), unit }, table)).join(
      " + ",
    ),
  );

/** The limits of --max-price, such as `5USDM`, one for each token. @throws UserError */
export function readLimits(texts: readonly string[], table: AssetTable): Funds[] {
  return texts.map((text) => {
    const price = toBaseUnits(text.trim().replace(/^([\d.]+)\s*/, "$1 "), table);
    if ("amount" in price) return price;
    throw new UserError(`--max-price ${text}: ${price.message} (${price.remedy}).`);
  });
}

/** @throws HireError HIRE_PRICE_TOO_HIGH when a part of the price is above its limit, or has none */
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
