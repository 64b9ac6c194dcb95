import { evmAddressProblem } from "../../../common/evm-address.ts";
import type { Wallet, X402Source } from "../model.ts";
import { isUnknown } from "../unknown.ts";
import { type Failure, LARGEST_AMOUNT, ifKnown, isAmount, isOneOf, unless } from "./failures.ts";

/** The service accepts 25 payment sources; one is the selling wallet's own. */
const MOST_SOURCES = 24;
const CHAIN = /^eip155:\d+$/;
const MOST_DECIMALS = 255;

const matches = (text: string, pattern: RegExp) => isUnknown(text) || pattern.test(text);

/** Returns what the service would refuse in payment sources on EVM chains. */
export function checkSources(sources: readonly X402Source[], wallet: Wallet): Failure[] {
  const at = "listing.sources";
  // What tells two of them apart for the service.
  const texts = sources.map(({ network, scheme, payTo, resource, pricing }) =>
    JSON.stringify([network, scheme, payTo, resource, pricing]).toLowerCase(),
  );
  return [
    ...unless(
      sources.length <= MOST_SOURCES,
      at,
      `has ${sources.length} sources, at most ${MOST_SOURCES} are allowed`,
    ),
    ...unless(
      sources.length === 0 || isUnknown(wallet) || wallet.type !== "V1",
      at,
      "V1 registrations have no payment source but that of their wallet",
    ),
    ...sources.flatMap((source, index) => [
      ...ifKnown(source, (known) => checkSource(`${at}[${index}]`, known)),
      ...unless(
        isUnknown(source) || texts.indexOf(texts[index] ?? "") === index,
        `${at}[${index}]`,
        "is the same as an earlier source",
      ),
    ]),
  ];
}

const checkSource = (at: string, { network, payTo, pricing }: X402Source): Failure[] => [
  ...unless(
    matches(network, CHAIN),
    `${at}.network`,
    "expected a chain as CAIP-2 names it, such as eip155:8453",
  ),
  ...checkAddress(`${at}.payTo`, payTo),
  ...ifKnown(pricing, (known) => checkPricing(`${at}.pricing`, known)),
];

function checkAddress(property: string, address: string): Failure[] {
  const reason = isUnknown(address) ? undefined : evmAddressProblem(address);
  return reason === undefined ? [] : [{ property, reason }];
}

function checkPricing(at: string, pricing: X402Source["pricing"]): Failure[] {
  if (!isOneOf(pricing.type, ["fixed", "free", "dynamic"])) {
    return [{ property: `${at}.type`, reason: "expected fixed, free or dynamic" }];
  }
  if (pricing.type === "free") return [];
  const { asset, decimals } = pricing;
  return [
    ...(asset === undefined && pricing.type === "dynamic" ? [] : checkAddress(`${at}.asset`, asset ?? "")),
    ...unless(
      asset === undefined || isUnknown(decimals) || isDecimals(decimals),
      `${at}.decimals`,
      `expected a whole number, 0 to ${MOST_DECIMALS}`,
    ),
    ...unless(
      pricing.type !== "fixed" || isUnknown(pricing.amount) || isAmount(pricing.amount),
      `${at}.amount`,
      `expected digits, 1 to ${LARGEST_AMOUNT} base units`,
    ),
  ];
}

const isDecimals = (decimals: unknown): boolean =>
  typeof decimals === "number" && Number.isInteger(decimals) && decimals >= 0 && decimals <= MOST_DECIMALS;
