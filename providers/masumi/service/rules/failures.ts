import { isUnknown } from "../unknown.ts";

/* How a check says what is wrong with inputs, of which some may not be known yet. */

export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/** Of base units: a signed 64-bit number. */
export const LARGEST_AMOUNT = 2n ** 63n - 1n;

export const isAmount = (amount: string) =>
  /^\d+$/.test(amount) && BigInt(amount) >= 1n && BigInt(amount) <= LARGEST_AMOUNT;

export const isOneOf = (value: unknown, allowed: readonly string[]) =>
  isUnknown(value) || (typeof value === "string" && allowed.includes(value));

export const ifKnown = <T>(value: T, check: (value: T) => Failure[]): Failure[] =>
  isUnknown(value) ? [] : check(value);

export const unless = (ok: boolean, property: string, reason: string): Failure[] =>
  ok ? [] : [{ property, reason }];
