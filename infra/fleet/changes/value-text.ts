import { printable } from "../../../providers/common/printable.ts";
import { formatUnits } from "../../../providers/common/amounts.ts";
import type { Listing, X402Source } from "../../../providers/masumi/service/index.ts";
import { type AssetTable, formatPrice } from "../../declarations/index.ts";

/** Returns the value of an on-chain field as its author would write it. */
export function valueText(field: string, value: unknown, table: AssetTable): string {
  if (value === undefined || value === "") return "(none)";
  if (typeof value === "string") return printable(value);
  if (field === "pricing") return priceText(value as Listing["pricing"], table);
  if (field === "exampleOutputs") return examplesText(value as Listing["exampleOutputs"]);
  if (field === "sources") return sourcesText(value as readonly X402Source[]);
  const texts = (value as readonly string[]).map(printable);
  return texts.length === 0 ? "(none)" : texts.toSorted().join(", ");
}

function priceText(pricing: Listing["pricing"], table: AssetTable): string {
  if (pricing.type !== "fixed") return pricing.type;
  return pricing.prices.map((price) => formatPrice(price, table)).join(" + ") || "(none)";
}

/** The names that a stack gives to chains and tokens are not on the chain: an amount is said in the token's address. */
const sourcesText = (sources: readonly X402Source[]): string =>
  sources
    .map(({ network, payTo, pricing, extra }) => {
      const price =
        pricing.type === "fixed"
          ? `${formatUnits(BigInt(pricing.amount), pricing.decimals)} of ${pricing.asset}`
          : pricing.type;
      const more = extra === undefined ? "" : ` ${JSON.stringify(extra)}`;
      return printable(`${network}: ${price} to ${payTo}${more}`);
    })
    .toSorted()
    .join(", ") || "(none)";

const examplesText = (examples: Listing["exampleOutputs"]): string =>
  examples.map(({ name, url, mimeType }) => printable(`${name} <${url}> (${mimeType})`)).join(", ") ||
  "(none)";
