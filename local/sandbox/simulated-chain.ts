import type { ChainEvent } from "./chain/blocks.ts";
import { ESCROW_OPERATIONS, type EscrowOperation, type Operation } from "./chain/cardano.ts";
import type { ChainClock } from "./chain/clock.ts";
import { EscrowMachine } from "./escrow/escrow-machine.ts";
import type { EscrowParts } from "./escrow/parts.ts";
import { RegistryMachine } from "./registry/registry-machine.ts";
import type { Registration } from "./store/registrations.ts";
import type { Store } from "./store/store.ts";
import type { ChainTransaction } from "./store/transactions.ts";

type EscrowTransaction = ChainTransaction & { readonly operation: EscrowOperation };

const isOfEscrow = (transaction: ChainTransaction): transaction is EscrowTransaction =>
  (ESCROW_OPERATIONS as readonly string[]).includes(transaction.operation);

/**
 * Moves registrations and payments on as chain time passes. Nothing runs by itself: `settle` works off, in order, all
 * that is due by now, so a clock stepped by a test gives the same result however the steps are cut.
 */
export class SimulatedChain {
  readonly #store: Store;
  readonly #clock: ChainClock;
  readonly #registry: RegistryMachine;
  readonly #escrow: EscrowMachine;

  constructor(parts: EscrowParts) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#registry = new RegistryMachine(parts);
    this.#escrow = new EscrowMachine(parts);
  }

  /** Brings everything up to the chain's time; with an instant chain, to the end. */
  settle(): void {
    const first = this.#next();
    if (!first) return;
    this.#store.transact(() => {
      for (let event: ChainEvent | undefined = first; event; event = this.#next()) {
        if (event.at > this.#clock.now()) this.#clock.leap(event.at - this.#clock.now());
        event.run();
      }
      this.#store.chainTime = this.#clock.now();
      this.#store.chainLeaps = this.#clock.leaps;
    });
  }

  /** Fails the pending operation of a row now, as if the chain had refused it. */
  fail(row: Registration, error: string): void {
    this.#registry.fail(row, error);
  }

  #isDue(event: ChainEvent): boolean {
    return (this.#clock.speed === "instant" && !event.waits) || event.at <= this.#clock.now();
  }

  /** What happens next on this chain, if it is due. */
  #next(): ChainEvent | undefined {
    const transaction = this.#store.transactions.next();
    const events = [
      ...this.#escrow.events(),
      ...(transaction ? [{ at: transaction.due, run: () => this.#step(transaction) }] : []),
      ...this.#registry.events(),
    ];
    return events.filter((event) => this.#isDue(event)).toSorted((a, b) => a.at - b.at)[0];
  }

  #step(transaction: ChainTransaction): void {
    if (isOfEscrow(transaction)) this.#escrow.step(transaction);
    else this.#registry.step({ ...transaction, operation: transaction.operation as Operation });
  }
}
