import { printable } from "../../../providers/common/printable.ts";
import type { Listing } from "../../../providers/masumi/service/index.ts";
import { type AssetTable, formatPrice } from "../../declarations/index.ts";

/** Returns the value of an on-chain field as its author would write it. */
export function valueText(field: string, value: unknown, table: AssetTable): string {
  if (value === undefined || value === "") return "(none)";
  if (typeof value === "string") return printable(value);
  if (field === "pricing") return priceText(value as Listing["pricing"], table);
  if (field === "exampleOutputs") return examplesText(value as Listing["exampleOutputs"]);
  const texts = (value as readonly string[]).map(printable);
  return texts.length === 0 ? "(none)" : texts.toSorted().join(", ");
}

function priceText(pricing: Listing["pricing"], table: AssetTable): string {
  if (pricing.type !== "fixed") return pricing.type;
  return pricing.prices.map((price) => formatPrice(price, table)).join(" + ") || "(none)";
}

const examplesText = (examples: Listing["exampleOutputs"]): string =>
  examples.map(({ name, url, mimeType }) => printable(`${name} <${url}> (${mimeType})`)).join(", ") ||
  "(none)";
