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

const BECH32_CHARACTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const BECH32_GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

function bech32Remainder(values: readonly number[]): number {
  let remainder = 1;
  for (const value of values) {
    const carry = remainder >>> 25;
    remainder = ((remainder & 0x1ffffff) << 5) ^ value;
    for (const [bit, generator] of BECH32_GENERATOR.entries()) {
      if ((carry >>> bit) & 1) remainder ^= generator;
    }
  }
  return remainder;
}

/** Whether the text is an address of that network: prefix, characters and checksum (BIP-173, any length). */
export function isAddressOf(network: Network, address: string): boolean {
  const prefix = network === "Mainnet" ? "addr" : "addr_test";
  if (!address.startsWith(`${prefix}1`)) return false;
  const data = Array.from(address.slice(prefix.length + 1), (character) =>
    BECH32_CHARACTERS.indexOf(character),
  );
  if (data.length < 8 || data.includes(-1)) return false;
  const codes = Array.from(prefix, (character) => character.charCodeAt(0));
  return (
    bech32Remainder([...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31), ...data]) === 1
  );
}

/** The bytes behind a valid bech32 address: a header, the hash of the payment key, and that of the staking key if any. */
export function addressBytes(address: string): Uint8Array {
  const data = address.slice(address.lastIndexOf("1") + 1, -6);
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const character of data) {
    value = ((value << 5) | BECH32_CHARACTERS.indexOf(character)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >> bits) & 255);
  }
  return Uint8Array.from(bytes);
}

/** Whether payments can go to a key behind the address: types 0, 2 (with stake), 4 and 6 (without), not to a script. */
export function hasPaymentKey(network: Network, address: string): boolean {
  const type = (addressBytes(address)[0] ?? 255) >> 4;
  return isAddressOf(network, address) && [0, 2, 4, 6].includes(type);
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
