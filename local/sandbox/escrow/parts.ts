import type { EscrowOperation } from "../chain/cardano.ts";
import type { ChainClock } from "../chain/clock.ts";
import type { Faults } from "../faults.ts";
import type { EscrowRequest, RequestChange } from "../store/payment-request.ts";
import type { Store } from "../store/store.ts";
import type { World } from "../world.ts";
import type { Plan } from "./plans.ts";

/** What every part of an escrow works on. */
export interface EscrowParts {
  readonly world: World;
  readonly store: Store;
  readonly clock: ChainClock;
  readonly faults: Faults;
  readonly now: () => number;
}

/** A group of requests that one transaction of a wallet takes up. */
export interface Batch {
  readonly operation: EscrowOperation;
  readonly wallet: string;
  readonly requests: readonly EscrowRequest[];
  readonly at: number;
  /** What changes of each request beside its action and its transaction. */
  readonly change?: (request: EscrowRequest) => RequestChange;
  readonly action: Plan["action"];
}
