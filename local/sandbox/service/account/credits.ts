import type { Call } from "../endpoint.ts";

/** What a key may still spend, by unit; undefined = as much as it likes. Purchases never give credits back. */
export function remainingCredits({
  key,
  store,
}: Pick<Call, "key" | "store">): Map<string, bigint> | undefined {
  if (!key.usageCredits) return undefined;
  const spent = store.purchases.sumsOf(key.id);
  return new Map(
    key.usageCredits.map(({ unit, amount }) => [unit, BigInt(amount) - (spent.get(unit) ?? 0n)] as const),
  );
}
