import { keccak_256 } from "@noble/hashes/sha3.js";

/** Addresses on EVM chains, as their owners write them. */

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const DIGITS = /^0x([0-9a-f]{40}|[0-9A-F]{40})$/;
/** From this hexadecimal digit of the checksum on, a letter of the address is a capital. */
const CAPITAL = 8;

/**
 * Returns an address with the capitals that are its checksum (EIP-55).
 *
 * @example checksummed("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed") // "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
 */
export function checksummed(address: string): string {
  const digits = address.slice(2).toLowerCase();
  const sum = Buffer.from(keccak_256(Buffer.from(digits))).toString("hex");
  const written = digits.replaceAll(/./g, (digit, index: number) =>
    isCapital(sum, index) ? digit.toUpperCase() : digit,
  );
  return `0x${written}`;
}

const isCapital = (sum: string, index: number): boolean => Number.parseInt(sum[index] ?? "", 16) >= CAPITAL;

/**
 * Returns what is wrong with an EVM address, such as a mistyped digit, which its capitals tell: whoever has the other address would be
 * paid. In small letters alone, or capitals alone, it has no checksum.
 */
export function evmAddressProblem(address: string): string | undefined {
  if (!ADDRESS.test(address)) return "expected an EVM address: 0x and 40 hex digits";
  if (DIGITS.test(address) || address === checksummed(address)) return undefined;
  return "is not as its capitals say (EIP-55), so a digit is wrong: copy it anew";
}
