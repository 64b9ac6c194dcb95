import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { Document, Scalar, isScalar, visit } from "yaml";
import type { StackConfig } from "../../infra/config.ts";
import { type AssetTable, DEFAULT_FOLDER } from "../../infra/declarations/index.ts";
import {
  type Listing,
  type Row,
  USUAL_A2A_VERSIONS,
  documentUrlOf,
  isUpdatedInPlace,
  listingTypeOf,
  marker,
} from "../../providers/masumi/service/index.ts";
import { printable } from "../../providers/common/printable.ts";
import { priceText } from "./price.ts";
import type { Reason } from "./reason.ts";
import { transcribeSources } from "./sources.ts";

export type { Reason } from "./reason.ts";

export interface Transcript {
  readonly text: string;
  /** Prices that have no words; the text says another price in their place. */
  readonly reasons: readonly Reason[];
}

interface Context {
  readonly id: string;
  readonly config: StackConfig;
  readonly table: AssetTable;
  /** The project's folder, absolute. */
  readonly projectRoot: string;
}

/** Return a registration as the text of an agent's file that takes it over. Whether that is a right one is not checked here. */
export function transcribe(row: Row, { id, config, table, projectRoot }: Context): Transcript {
  const { listing } = row;
  const { pricing, reasons } = transcribePricing(row, table);
  const { sources, reasons: unnamed } = transcribeSources(listing.sources ?? [], config.x402);
  const siblings = config.wallets.filter(({ type }) => type === row.type);
  const document = new Document({
    name: listing.name,
    description: listing.description,
    capability: listing.capability,
    // A file cannot list a tag twice, nor an empty one; the registration counts as the same.
    tags: [...new Set(listing.tags.map((tag) => tag.trim()).filter(Boolean))],
    author: listing.author,
    ...(Object.keys(listing.legal).length > 0 ? { legal: listing.legal } : {}),
    pricing,
    ...(listing.exampleOutputs.length > 0 ? { exampleOutputs: listing.exampleOutputs } : {}),
    url: listing.apiBaseUrl,
    ...transcribeType(listing),
    ...(sources.length > 0 ? { sources } : {}),
    payment: row.type,
    ...(siblings.length > 1 ? { wallet: row.walletVkey } : {}),
    adopt: row.id,
  });
  for (const path of [["capability"], ["tags"], ["pricing", "fixed"], ["listing"]]) {
    const node: unknown = document.getIn(path, true);
    if (typeof node === "object" && node !== null) Object.assign(node, { flow: true });
  }
  quoteControls(document);
  document.commentBefore = comment(row, { id, config, projectRoot });
  return { text: document.toString({ lineWidth: 100 }), reasons: [...reasons, ...unnamed] };
}

/** What is usual need not be said. */
function transcribeType(listing: Listing): { listing?: string | object } {
  const type = listingTypeOf(listing);
  if (type === "standard") return {};
  const { documentUrl, protocolVersions = [], ...usual } = listing;
  const isUsualPlace = documentUrl === documentUrlOf(usual);
  const areUsualVersions = type !== "a2a" || protocolVersions.join() === USUAL_A2A_VERSIONS.join();
  if (isUsualPlace && areUsualVersions) return { listing: type };
  return {
    listing: {
      type,
      ...(isUsualPlace ? {} : { document: documentUrl }),
      ...(areUsualVersions ? {} : { protocolVersions }),
    },
  };
}

/** Controls, lone surrogates and rare blanks survive in double quotes alone, as escapes. */
function quoteControls(document: Document): void {
  visit(document, {
    Scalar: (_key, node) => {
      const { value } = node;
      if (
        isScalar(node) &&
        typeof value === "string" &&
        (printable(value) !== value || /\p{Surrogate}/u.test(value))
      ) {
        node.type = Scalar.QUOTE_DOUBLE;
      }
    },
  });
}

function transcribePricing({ listing }: Row, table: AssetTable) {
  const { pricing } = listing;
  if (pricing.type !== "fixed") return { pricing: pricing.type, reasons: [] };
  const reasons: Reason[] = [];
  const fixed = pricing.prices.map((price, index) => {
    const text = priceText(price, table);
    if (text) return text;
    reasons.push({
      field: `pricing.fixed[${index}]`,
      message: `${price.amount} base units of ${price.unit} have no name and decimals in this stack`,
      remedy: `add them to its settings: masumi:assets: { TOKEN: { unit: ${price.unit}, decimals: 6 } }, with the token's own name and decimals`,
    });
    return `${index + 1} ADA`;
  });
  return { pricing: reasons.length > 0 ? "free" : { fixed }, reasons };
}

/** Where the schema is in a project that has the package installed. */
const INSTALLED_SCHEMA = "node_modules/masumi-agents/agents/agent.schema.json";

/** Return the path of the schema, as seen from a folder with agents: the installed package's, or this repository's. */
function schemaFrom(projectRoot: string, folder: string): string {
  if (existsSync(join(projectRoot, INSTALLED_SCHEMA))) return posix.relative(folder, INSTALLED_SCHEMA);
  return folder === DEFAULT_FOLDER
    ? "./agent.schema.json"
    : posix.relative(folder, posix.join(DEFAULT_FOLDER, "agent.schema.json"));
}

function comment(row: Row, { id, config, projectRoot }: Omit<Context, "table">): string {
  const identifier = row.agentIdentifier ? `, identifier ${row.agentIdentifier}` : "";
  const advice = row.markers.includes(marker(config.owner, id))
    ? ["adopt: takes that registration over as it is. After the next up the line may go."]
    : [
        "adopt: takes that registration over as it is. Keep the line: the registration does not carry this stack's marker",
        isUpdatedInPlace(row.type, row.listing.type, row.listing.type)
          ? "before a change of this file has reached the chain."
          : "and one like it cannot be changed in place.",
      ];
  return [
    ` yaml-language-server: $schema=${schemaFrom(projectRoot, config.agents)}`,
    ` Imported from the Masumi network (${config.network}): registration ${row.id}${identifier}.`,
    ...advice.map((line) => ` ${line}`),
  ].join("\n");
}
