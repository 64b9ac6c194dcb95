import { blockAt, BLOCK_TIME, type ChainEvent, REFUSED } from "../chain/blocks.ts";
import { newAssetNames, nextVersion, type Operation, randomHex } from "../chain/cardano.ts";
import type { ChainClock } from "../chain/clock.ts";
import type { Faults } from "../faults.ts";
import type { Registration, RegistrationChange } from "../store/registrations.ts";
import type { Store } from "../store/store.ts";
import type { ChainTransaction, Fate } from "../store/transactions.ts";
import { expectWallet, type Wallet, type World } from "../world.ts";
import {
  confirmationFrom,
  CONFIRMATION_FLOOR,
  EMPTY_WALLET,
  FEE_LOVELACE,
  fundingOf,
  operationOf,
  tickAfter,
  V1_SUBMIT_DELAY,
  V2_BATCH,
  WALLET_LOCK,
} from "./registry-rules.ts";
import { refusalOfTexts } from "./metadata.ts";
import { moveToken } from "./move-token.ts";

export type RegistryTransaction = ChainTransaction & { readonly operation: Operation };

interface RegistryParts {
  readonly world: World;
  readonly store: Store;
  readonly clock: ChainClock;
  readonly faults: Faults;
  readonly now: () => number;
}

/** Moves registrations on: the jobs of the service that mint, update and burn, and what the chain makes of it. */
export class RegistryMachine {
  readonly #world: World;
  readonly #store: Store;
  readonly #clock: ChainClock;
  readonly #faults: Faults;
  readonly #now: () => number;

  constructor(parts: RegistryParts) {
    this.#world = parts.world;
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#faults = parts.faults;
    this.#now = parts.now;
  }

  /** What wallets may take up next; transactions that are under way are not among it. */
  events(): ChainEvent[] {
    return this.#store.idleWalletsWithWork().flatMap((vkey) => {
      const wallet = expectWallet(this.#world, vkey);
      const work = this.#workOf(wallet);
      const oldest = work[0];
      if (!oldest) return [];
      const at = tickAfter(Math.max(oldest.requestedAt, this.#store.ledger.account(vkey).freeSince));
      const due = work.filter((row) => row.requestedAt < at);
      return [{ at, run: () => this.#start(wallet, due, at) }];
    });
  }

  /**
   * The rows a wallet takes up at its next tick: V1 one at a time, V2 up to five with the same purpose, as many as
   * it can pay for. An empty V2 wallet waits.
   */
  #workOf(wallet: Wallet): Registration[] {
    const v2 = wallet.source.paymentSourceType === "Web3CardanoV2";
    const waiting = this.#store.registrations.waitingFor(wallet.vkey, v2 ? V2_BATCH : 1);
    const oldest = waiting[0];
    if (!oldest) return [];
    if (!v2) return [oldest];
    const same = waiting.filter((row) => row.state === oldest.state);
    return same.filter((_, index) => this.#canPay(wallet, same.slice(0, index + 1)));
  }

  #canPay(wallet: Wallet, rows: readonly Registration[]): boolean {
    const { lovelace, locked } = this.#store.ledger.account(wallet.vkey);
    const operation = rows[0] ? operationOf(rows[0].state) : "Registration";
    const fee = FEE_LOVELACE[wallet.source.paymentSourceType][operation];
    // A burn frees what lies beside the token, so it can pay its own fee.
    if (operation === "Deregistration") return lovelace >= fee;
    const funding = operation === "Registration" ? rows.reduce((sum, row) => sum + fundingOf(row), 0) : 0;
    return lovelace - locked >= fee + funding;
  }

  #start(wallet: Wallet, rows: readonly Registration[], at: number): void {
    const first = rows[0];
    if (!first) return;
    const operation = operationOf(first.state);
    if (!this.#canPay(wallet, rows)) {
      this.#failRows(rows, EMPTY_WALLET);
      this.#store.ledger.change(wallet.vkey, { freeSince: at });
      return;
    }
    const { fate, reason } = this.#fateOf(operation, rows);
    const type = wallet.source.paymentSourceType;
    const common = { wallet: wallet.vkey, type, operation, fate, reason, txHash: null };
    if (type === "Web3CardanoV1") {
      const id = this.#store.transactions.insert({ ...common, step: "submit", due: at + V1_SUBMIT_DELAY });
      this.#change(first, { state: `${operation}Initiated`, transactionId: id });
    } else if (fate === "refused") {
      this.#failRows(rows, reason ?? REFUSED);
      this.#store.ledger.change(wallet.vkey, { freeSince: at });
    } else {
      const id = this.#store.transactions.insert({ ...common, step: "submit", due: at });
      for (const row of rows) this.#change(row, { state: `${operation}Initiated`, transactionId: id });
      this.#submit({ id, due: at, ...common });
    }
  }

  /** One text that is too long refuses the transaction, and so all agents in it. */
  #fateOf(operation: Operation, rows: readonly Registration[]): { fate: Fate; reason: string | null } {
    const fault = this.#faults.takeForTransaction(operation, rows[0]?.listing.name ?? "");
    if (fault?.kind === "drop-transaction") return { fate: "dropped", reason: null };
    if (fault?.kind === "fail-transaction") return { fate: "refused", reason: fault.error ?? REFUSED };
    const listings = operation === "Deregistration" ? [] : rows.map(({ listing }) => listing);
    const refusals = listings.flatMap((listing) => refusalOfTexts(listing, this.#world.dialect) ?? []);
    return refusals[0] === undefined
      ? { fate: "lands", reason: null }
      : { fate: "refused", reason: refusals[0] };
  }

  /** The next step of a transaction of the registry. */
  step(transaction: RegistryTransaction): void {
    switch (transaction.step) {
      case "submit":
        return this.#submit(transaction);
      case "land":
        return this.#land(transaction);
      case "confirm":
        return this.#confirm(transaction);
      case "give up":
        return this.#giveUp(transaction);
      case "done":
        return undefined;
    }
  }

  #submit(
    transaction: Pick<
      RegistryTransaction,
      "id" | "due" | "type" | "operation" | "wallet" | "fate" | "reason"
    >,
  ): void {
    const { id, due, type, operation, wallet } = transaction;
    const rows = this.#store.registrations.byTransaction(id);
    if (transaction.fate === "refused") {
      this.#failRows(rows, transaction.reason ?? REFUSED);
      this.#finish(transaction, {});
      return;
    }
    this.#store.transactions.update(id, { txHash: randomHex(32), step: "land", due: due + BLOCK_TIME });
    const policyId = expectWallet(this.#world, wallet).source.policyId;
    const names = newAssetNames(type, rows.length);
    for (const [index, row] of rows.entries()) {
      if (operation === "Registration")
        this.#change(row, { agentIdentifier: `${policyId}${names[index] ?? ""}` });
      if (operation === "Deregistration") this.#change(row, {});
      if (operation === "Update" && row.agentIdentifier !== null) {
        const previousIdentifier = row.agentIdentifier;
        this.#change(row, { agentIdentifier: nextVersion(previousIdentifier), previousIdentifier });
      }
    }
    if (transaction.fate === "dropped") {
      this.#store.transactions.update(id, { step: "give up", due: due + WALLET_LOCK });
    }
  }

  #land(transaction: RegistryTransaction): void {
    const { id, due, wallet, operation, type } = transaction;
    const { ledger } = this.#store;
    const fee = FEE_LOVELACE[type][operation];
    const payer = ledger.account(wallet);
    const lastTxHash = transaction.txHash ?? payer.lastTxHash;
    ledger.change(wallet, { lovelace: payer.lovelace - fee, feesSpent: payer.feesSpent + fee, lastTxHash });
    for (const row of this.#store.registrations.byTransaction(id))
      moveToken({ world: this.#world, ledger }, row, operation, lastTxHash);
    const submittedAt = due - BLOCK_TIME;
    this.#store.transactions.update(id, {
      step: "confirm",
      due: confirmationFrom(submittedAt + CONFIRMATION_FLOOR),
    });
  }

  #confirm(transaction: RegistryTransaction): void {
    const { id, due, operation, type } = transaction;
    const rows = this.#store.registrations.byTransaction(id);
    for (const row of rows) this.#change(row, { state: `${operation}Confirmed`, previousIdentifier: null });
    this.#finish(transaction, {
      status: "Confirmed",
      fees: String(FEE_LOVELACE[type][operation]),
      ...blockAt(due, this.#clock.real()),
    });
  }

  /** A dropped transaction: V2 rows fail when the wallet's lock runs out; V1 rows stay Initiated for ever. */
  #giveUp(transaction: RegistryTransaction): void {
    if (transaction.type === "Web3CardanoV1") {
      this.#finish(transaction, {});
      return;
    }
    const message = `${transaction.operation} transaction was broadcast but never landed on chain (dropped); force-failed by the wallet-lock timeout sweep`;
    this.#failRows(this.#store.registrations.byTransaction(transaction.id), message);
    this.#finish(transaction, { status: "FailedViaTimeout" });
  }

  /** Fails the pending operation of a row now, as if the chain had refused it. */
  fail(row: Registration, error: string): void {
    this.#failRows([row], error);
    const transaction =
      row.transactionId === null ? undefined : this.#store.transactions.get(row.transactionId);
    if (!transaction || transaction.step === "done") return;
    const others = this.#store.registrations
      .byTransaction(transaction.id)
      .filter((other) => other.state.endsWith("Initiated"));
    if (others.length === 0) this.#finish({ ...transaction, due: this.#clock.now() }, {});
  }

  #failRows(rows: readonly Registration[], error: string): void {
    for (const row of rows) {
      const operation = operationOf(row.state);
      const agentIdentifier =
        operation === "Registration" ? null : (row.previousIdentifier ?? row.agentIdentifier);
      this.#change(row, { state: `${operation}Failed`, error, agentIdentifier, previousIdentifier: null });
    }
  }

  #finish(
    transaction: Pick<ChainTransaction, "id" | "wallet" | "due">,
    change: Parameters<Store["transactions"]["update"]>[1],
  ): void {
    this.#store.transactions.update(transaction.id, { ...change, step: "done" });
    this.#store.ledger.change(transaction.wallet, { freeSince: transaction.due });
  }

  #change(row: Registration, change: RegistrationChange): void {
    this.#store.registrations.update(row, change, this.#now());
  }
}
