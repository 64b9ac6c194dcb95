import { formatUnits } from "../../../providers/common/amounts.ts";
import { didYouMean } from "./suggest.ts";

export type Network = "Preprod" | "Mainnet";

/** A token that prices can be given in. */
export interface Asset {
  /** Name of the token on this network. */
  readonly token: string;
  /** Policy id and asset name in lower-case hex; "" is lovelace. */
  readonly unit: string;
  /** Decimal places: 6 means that 1 is 1000000 base units. */
  readonly decimals: number;
}

/** The tokens of one network, by the names that prices may use. */
export interface AssetTable {
  readonly network: Network;
  readonly assets: ReadonlyMap<string, Partial<Asset>>;
}

/** A stack's own tokens (masumi:assets), added to the table or replacing an entry. */
export type AssetOverrides = Readonly<
  Record<string, { readonly unit: string; readonly decimals?: number | undefined }>
>;

/** A price as the network expects it. */
export interface Price {
  /** Base units as digits, 1 to 2^63-1. */
  readonly amount: string;
  /** Policy id and asset name in lower-case hex; "" is lovelace. */
  readonly unit: string;
  /** For people: "5 USDM". */
  readonly human: string;
}

export interface PriceProblem {
  readonly message: string;
  readonly remedy: string;
}

const ADA: Asset = { token: "ADA", unit: "", decimals: 6 };

const TUSDM: Asset = {
  token: "tUSDM",
  unit: "16a55b2a349361ff88c03788f93e1e966e5d689605d044fef722ddde0014df10745553444d",
  decimals: 6,
};

/**
 * Units and decimals as in the payment service's own frontend (0.28, `defaultWallets.ts`). The stablecoins of Mainnet do
 * not exist on Preprod, where Masumi tests with tUSDM: there their names mean tUSDM, so that one file fits both.
 */
const ASSETS: Record<Network, Readonly<Record<string, Asset>>> = {
  Preprod: { ADA, tUSDM: TUSDM, USDM: TUSDM, USDCx: TUSDM },
  Mainnet: {
    ADA,
    USDM: {
      token: "USDM",
      unit: "c48cbb3d5e57ed56e276bc45f99ab39abe94e6cd7ac39fb402da47ad0014df105553444d",
      decimals: 6,
    },
    USDCx: {
      token: "USDCx",
      unit: "1f3aec8bfe7ea4fe14c5f121e2a92e301afe414147860d557cac7e345553444378",
      decimals: 6,
    },
  },
};

/** The maximum amount in base units: a signed 64-bit number. */
const MAX_AMOUNT = 2n ** 63n - 1n;

const UNIT = /^[0-9a-f]{56}([0-9a-f]{2}){0,32}$/;

/** Returns the tokens of a network. `overrides` add tokens or replace them, except for ADA. */
export function assetTable(network: Network, overrides: AssetOverrides = {}): AssetTable {
  const own = Object.entries(overrides).map(([token, { unit, decimals }]) => {
    return [token, { token, unit, ...(decimals === undefined ? {} : { decimals }) }] as const;
  });
  return { network, assets: new Map([...Object.entries(ASSETS[network]), ...own, ["ADA", ADA]]) };
}

/** Format of a price: an amount without sign, exponent or leading zeros, a space, a token. */
export const PRICE = /^((?:0|[1-9]\d*)(?:\.\d+)?)\s+(\S+)$/;

/** Returns amount and token of a price such as `2.5 ADA`; undefined if it is not a price. */
function parsePrice(text: string): { amount: string; token: string } | undefined {
  const [, amount, token] = PRICE.exec(text.trim()) ?? [];
  return amount && token ? { amount, token } : undefined;
}

/** Returns a price exactly in base units (`5 USDM` is 5000000 of USDM's unit), or what is wrong with it. */
export function toBaseUnits(text: string, table: AssetTable): Price | PriceProblem {
  const parsed = parsePrice(text);
  if (!parsed) return NO_PRICE;
  const asset = findAsset(parsed.token, table);
  if ("message" in asset) return asset;
  const price = amountOf(text, asset);
  if ("message" in price) return price;
  const meant = parsed.token === asset.token ? "" : ` (test ${parsed.token})`;
  return { amount: price.amount, unit: asset.unit, human: `${price.human}${meant}` };
}

const NO_PRICE: PriceProblem = {
  message: "is not a price",
  remedy: 'write an amount and a token, for example "5 USDM"',
};

/** Returns the amount of a price in base units of a token whose decimals are known, or what is wrong with it. */
export function amountOf(
  text: string,
  { token, decimals }: Pick<Asset, "token" | "decimals">,
): Pick<Price, "amount" | "human"> | PriceProblem {
  const parsed = parsePrice(text);
  if (!parsed) return NO_PRICE;
  const [whole = "", fraction = ""] = parsed.amount.split(".");
  if (fraction.length > decimals) {
    return { message: `has ${fraction.length} decimal places`, remedy: `${token} has ${decimals}` };
  }
  const amount = BigInt(whole + fraction.padEnd(decimals, "0"));
  if (amount === 0n) return { message: "is zero", remedy: "write pricing: free" };
  if (amount > MAX_AMOUNT) {
    return { message: "is too high", remedy: `the maximum is ${formatUnits(MAX_AMOUNT, decimals)} ${token}` };
  }
  return { amount: amount.toString(), human: `${formatUnits(amount, decimals)} ${token}` };
}

function findAsset(name: string, { network, assets }: AssetTable): Asset | PriceProblem {
  const found = assets.get(name);
  if (!found && UNIT.test(name)) {
    return {
      message: "has a raw unit, whose decimals are unknown",
      remedy: "define a name with unit and decimals in masumi:assets, and use that name",
    };
  }
  if (!found) {
    return {
      message: `is in ${name}, which is not a known token on ${network}`,
      remedy: `${didYouMean(name, assets.keys())} (or add it to masumi:assets)`,
    };
  }
  const { token = name, unit = "", decimals } = found;
  if (decimals === undefined || !Number.isSafeInteger(decimals) || decimals < 0 || decimals > 18) {
    return {
      message: `is in ${name}, whose decimals are unknown`,
      remedy: "set them in masumi:assets (0 to 18)",
    };
  }
  if (unit !== "" && !UNIT.test(unit)) {
    return {
      message: `is in ${name}, whose unit in masumi:assets is invalid`,
      remedy: "write policy id and asset name in lower-case hex",
    };
  }
  return { token, unit, decimals };
}

/**
 * Returns a readable price, for example `5 USDM`. An unknown unit is shown as it is. What `declared` says of the same token is
 * said too: `5 tUSDM (test USDM)`.
 */
export function formatPrice(
  { amount, unit }: Pick<Price, "amount" | "unit">,
  table: AssetTable,
  declared: readonly Price[] = [],
): string {
  const asset = [...table.assets.values()].find((asset) => asset.unit === unit);
  if (asset?.token === undefined || asset.decimals === undefined) return `${amount} ${unit}`;
  const [, meant = ""] =
    / (\(test .+\))$/.exec(declared.find((price) => price.unit === unit)?.human ?? "") ?? [];
  return `${formatUnits(BigInt(amount), asset.decimals)} ${asset.token}${meant && ` ${meant}`}`;
}
