import { createHash, randomInt } from "node:crypto";

const FINGERPRINT = randomInt(36 ** 4)
  .toString(36)
  .padStart(4, "0");
let counter = 0;

/** A database id as the service makes them: 25 characters, "c" + time + counter + process + noise, base 36. */
export function newCuid(now: number): string {
  counter = (counter + 1) % 36 ** 4;
  const part = (value: number, width: number) => value.toString(36).padStart(width, "0").slice(-width);
  return `c${part(now, 8)}${part(counter, 4)}${FINGERPRINT}${part(randomInt(36 ** 8), 8)}`;
}

/** A cuid that is always the same for the same text: ids of a world's keys, sources and wallets. */
export function stableCuid(text: string): string {
  const digest = BigInt(`0x${createHash("sha256").update(text).digest("hex")}`);
  return `c${digest.toString(36).padStart(50, "0").slice(-24)}`;
}
