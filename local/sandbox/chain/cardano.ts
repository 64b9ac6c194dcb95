import { bech32 } from "@scure/base";
import { randomBytes } from "node:crypto";

/** The two generations of the Masumi contracts. A wallet belongs to one of them. */
export type PaymentSourceType = "Web3CardanoV1" | "Web3CardanoV2";
export type Network = "Preprod" | "Mainnet";
/** What a transaction does to a registration. */
export type Operation = "Registration" | "Update" | "Deregistration";
/** What a transaction does to the money of a payment in its contract. */
export const ESCROW_OPERATIONS = [
  "LockFunds",
  "SubmitResult",
  "CollectPayment",
  "RequestRefund",
  "CancelRefundRequest",
  "AuthorizeWithdrawal",
  "AuthorizeRefund",
  "CollectRefund",
] as const;
export type EscrowOperation = (typeof ESCROW_OPERATIONS)[number];

export const POLICY_ID_LENGTH = 56;
/** What a mint puts beside the agent's token at least, and by default, in lovelace. */
export const MINIMUM_FUNDING_LOVELACE = 5_000_000;

/** The bytes behind a bech32 text of any length; undefined where prefix, checksum or padding are wrong. */
function decode(prefix: string, text: string): Uint8Array | undefined {
  const decoded = text.startsWith(`${prefix}1`) ? bech32.decodeUnsafe(text, false) : undefined;
  const bytes = decoded?.prefix === prefix ? bech32.fromWordsUnsafe(decoded.words) : undefined;
  return bytes instanceof Uint8Array && bytes.length > 0 ? bytes : undefined;
}

const prefixOf = (network: Network) => (network === "Mainnet" ? "addr" : "addr_test");

/** Whether the text is an address of that network. */
export const isAddressOf = (network: Network, address: string): boolean =>
  decode(prefixOf(network), address) !== undefined;

/** A header, the hash of the payment key, and that of the staking key if any. @throws Error for what is no address */
export function addressBytes(address: string): Uint8Array {
  const bytes = decode("addr", address) ?? decode("addr_test", address);
  if (bytes === undefined) throw new Error(`${address} is not a Cardano address`);
  return bytes;
}

/** Whether payments can go to a key behind the address: types 0, 2 (with stake), 4 and 6 (without), not to a script. */
export function hasPaymentKey(network: Network, address: string): boolean {
  const header = decode(prefixOf(network), address)?.[0];
  return header !== undefined && [0, 2, 4, 6].includes(header >> 4);
}

export const randomHex = (bytes: number): string => randomBytes(bytes).toString("hex");

/**
 * Asset names of one mint: V1 is a hash of 64 hex characters; V2 is one byte nonce (0x10 up, one per agent of the
 * batch), 28 bytes shared by the batch, and three bytes version that start at zero.
 */
export function newAssetNames(type: PaymentSourceType, count: number): string[] {
  if (type === "Web3CardanoV1") return Array.from({ length: count }, () => randomHex(32));
  const root = randomHex(28);
  return Array.from({ length: count }, (_, index) => `${(0x10 + index).toString(16)}${root}000000`);
}

/** The identifier after an update: the version in the last three bytes goes up by one. */
export function nextVersion(agentIdentifier: string): string {
  const version = Number.parseInt(agentIdentifier.slice(-6), 16) + 1;
  return agentIdentifier.slice(0, -6) + version.toString(16).padStart(6, "0");
}
