import { type AssetTable, type Price, toBaseUnits } from "../../infra/declarations/index.ts";

/**
 * Return a price in base units as a declaration says it, such as `5 USDM`; undefined if the stack has no name and decimals for
 * its unit. The text means exactly this price again.
 */
export function priceText(
  { amount, unit }: Pick<Price, "amount" | "unit">,
  table: AssetTable,
): string | undefined {
  for (const [name, asset] of table.assets) {
    if (asset.unit !== unit || asset.decimals === undefined) continue;
    const text = `${decimal(amount, asset.decimals)} ${name}`;
    const meant = toBaseUnits(text, table);
    if ("amount" in meant && meant.amount === amount && meant.unit === unit) return text;
  }
  return undefined;
}

/** Base units, as digits, as a decimal number without superfluous zeros. */
function decimal(digits: string, decimals: number): string {
  const padded = digits.padStart(decimals + 1, "0");
  const whole = padded.slice(0, padded.length - decimals);
  const fraction = padded.slice(padded.length - decimals).replace(/0+$/, "");
  return fraction ? `${whole}.${fraction}` : whole;
}
