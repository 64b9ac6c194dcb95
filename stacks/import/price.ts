import { formatUnits } from "../../providers/common/amounts.ts";
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
    const text = `${formatUnits(BigInt(amount), asset.decimals)} ${name}`;
    const meant = toBaseUnits(text, table);
    if ("amount" in meant && meant.amount === amount && meant.unit === unit) return text;
  }
  return undefined;
}
