const ADA_DECIMALS = 6;

/**
 * Returns an amount of base units in everyday units, with only as many decimals as needed. Exact: money is never a
 * floating-point number.
 *
 * @example formatUnits(5000000n, 6) // "5"
 * @example formatUnits(-1050n, 3) // "-1.05"
 */
export function formatUnits(amount: bigint, decimals: number): string {
  const sign = amount < 0n ? "-" : "";
  const digits = (amount < 0n ? -amount : amount).toString().padStart(decimals + 1, "0");
  const point = digits.length - decimals;
  const fraction = digits.slice(point).replace(/0+$/, "");
  return `${sign}${digits.slice(0, point)}${fraction === "" ? "" : `.${fraction}`}`;
}

/** Returns lovelace as ADA. @example formatAda(5398057n) // "5.398057" */
export const formatAda = (lovelace: bigint): string => formatUnits(lovelace, ADA_DECIMALS);

/** Returns a decimal amount of ADA in lovelace; undefined if it is none. @example parseAda("12.5") // 12500000n */
export const parseAda = parseMillionths;

/** Returns a decimal amount in millionths; undefined if it is none. @example parseMillionths("0.4") // 400000n */
export function parseMillionths(text: string): bigint | undefined {
  const [, whole, fraction = ""] = /^(\d{1,12})(?:\.(\d{1,6}))?$/.exec(text.trim()) ?? [];
  return whole === undefined ? undefined : BigInt(whole + fraction.padEnd(6, "0"));
}
