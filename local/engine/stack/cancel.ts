import { type LockHolder, lockHolders, removeLock } from "../state/lock.ts";
import { locateStack, type StackOptions } from "./stack.ts";

export interface Cancelled {
  /** The locks that were removed; none: no run held the stack. */
  readonly removed: readonly LockHolder[];
  /** Those that were left, because their run may still be going on. */
  readonly kept: readonly LockHolder[];
}

/**
 * Removes the locks of runs that have ended without doing so. With `force` all of them, as `pulumi cancel` does: the caller then
 * answers for it that no run is going on, because two at once spoil the state.
 */
export async function cancel(
  options: StackOptions,
  { force = false }: { readonly force?: boolean } = {},
): Promise<Cancelled> {
  const { backend } = await locateStack(options);
  const holders = await lockHolders(backend.lockFolder);
  const removed = holders.filter(({ isDead }) => isDead || force);
  for (const holder of removed) await removeLock(holder);
  return { removed, kept: holders.filter((holder) => !removed.includes(holder)) };
}
