import {
  ESCROW_OPERATIONS,
  type EscrowOperation,
  newAssetNames,
  nextVersion,
  type Operation,
  randomHex,
} from "../chain/cardano.ts";
import {
  BLOCK_TIME,
  blockAt,
  type ChainEvent,
  confirmationFrom,
  CONFIRMATION_FLOOR,
  EMPTY_WALLET,
  FEE_LOVELACE,
  fundingOf,
  operationOf,
  REFUSED,
  tickAfter,
  V1_SUBMIT_DELAY,
  V2_BATCH,
  WALLET_LOCK,
} from "./registry-rules.ts";
import type { ChainClock } from "../chain/clock.ts";
import { EscrowMachine } from "../escrow/escrow-machine.ts";
import type { Faults } from "../faults.ts";
import { onChainMetadata } from "./metadata.ts";
import type { Registration, RegistrationChange } from "../store/registrations.ts";
import type { Store } from "../store/store.ts";
import type { ChainTransaction, Fate } from "../store/transactions.ts";
import type { Wallet, World } from "../world.ts";

type RegistryTransaction = ChainTransaction & { readonly operation: Operation };
type EscrowTransaction = ChainTransaction & { readonly operation: EscrowOperation };

const isOfEscrow = (transaction: ChainTransaction): transaction is EscrowTransaction =>
  (ESCROW_OPERATIONS as readonly string[]).includes(transaction.operation);

/**
 * Moves registrations, and by the escrow machine payments, on as chain time passes. Nothing runs by itself: `settle` works off, in order, all that is due
 * by now, so a clock stepped by a test gives the same result however the steps are cut.
 */
export class Machine {
  readonly #world: World;
  readonly #store: Store;
  readonly #clock: ChainClock;
  readonly #faults: Faults;
  readonly #now: () => number;
  readonly #escrow: EscrowMachine;

  constructor(parts: { world: World; store: Store; clock: ChainClock; faults: Faults; now: () => number }) {
    this.#world = parts.world;
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#faults = parts.faults;
    this.#now = parts.now;
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

  #isDue(event: ChainEvent): boolean {
    return (this.#clock.speed === "instant" && !event.waits) || event.at <= this.#clock.now();
  }

  /** What happens next on this chain, if it is due. */
  #next(): ChainEvent | undefined {
    const transaction = this.#store.transactions.next();
    const events = this.#escrow.events();
    if (transaction) events.push({ at: transaction.due, run: () => this.#step(transaction) });
    for (const vkey of this.#store.idleWalletsWithWork()) {
      const wallet = this.#wallet(vkey);
      const work = this.#workOf(wallet);
      const oldest = work[0];
      if (!oldest) continue;
      const at = tickAfter(Math.max(oldest.requestedAt, this.#store.ledger.account(wallet.vkey).freeSince));
      events.push({
        at,
        run: () =>
          this.#start(
            wallet,
            work.filter((row) => row.requestedAt < at),
            at,
          ),
      });
    }
    return events.filter((event) => this.#isDue(event)).toSorted((a, b) => a.at - b.at)[0];
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
    const { fate, reason } = this.#fateOf(operation, first);
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
      this.#step(this.#expect(id));
    }
  }

  #fateOf(operation: Operation, row: Registration): { fate: Fate; reason: string | null } {
    const fault = this.#faults.takeForTransaction(operation, row.listing.name);
    if (fault?.kind === "drop-transaction") return { fate: "dropped", reason: null };
    if (fault?.kind === "fail-transaction") return { fate: "refused", reason: fault.error ?? REFUSED };
    return { fate: "lands", reason: null };
  }

  #step(transaction: ChainTransaction): void {
    if (isOfEscrow(transaction)) return this.#escrow.step(transaction);
    const { operation } = transaction;
    return this.#stepOfRegistry({ ...transaction, operation: operation as Operation });
  }

  #stepOfRegistry(transaction: RegistryTransaction): void {
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

  #submit(transaction: RegistryTransaction): void {
    const { id, due, type, operation, wallet } = transaction;
    const rows = this.#store.registrations.byTransaction(id);
    if (transaction.fate === "refused") {
      this.#failRows(rows, transaction.reason ?? REFUSED);
      this.#finish(transaction, {});
      return;
    }
    this.#store.transactions.update(id, { txHash: randomHex(32), step: "land", due: due + BLOCK_TIME });
    const policyId = this.#wallet(wallet).source.policyId;
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
      this.#moveToken(row, operation, lastTxHash);
    const submittedAt = due - BLOCK_TIME;
    this.#store.transactions.update(id, {
      step: "confirm",
      due: confirmationFrom(submittedAt + CONFIRMATION_FLOOR),
    });
  }

  /** What a transaction does to the token of one agent. */
  #moveToken(row: Registration, operation: Operation, txHash: string): void {
    const { ledger } = this.#store;
    const unit = row.agentIdentifier;
    if (unit === null) return;
    if (operation === "Deregistration") {
      ledger.burn(unit);
      return;
    }
    const metadata = onChainMetadata(row);
    if (operation === "Update") {
      const old = ledger.asset(row.previousIdentifier ?? "");
      if (old) ledger.burn(old.unit);
      const holder = old?.holder ?? this.#wallet(row.signer).address;
      ledger.putAsset({ unit, holder, lovelace: old?.lovelace ?? 0, metadata, txHash });
      return;
    }
    const lovelace = fundingOf(row);
    const holder = this.#wallet(row.recipient ?? row.wallet);
    if (holder.vkey !== row.wallet) {
      ledger.change(row.wallet, { lovelace: ledger.account(row.wallet).lovelace - lovelace });
      ledger.change(holder.vkey, { lovelace: ledger.account(holder.vkey).lovelace + lovelace });
    }
    ledger.putAsset({ unit, holder: holder.address, lovelace, metadata, txHash });
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

  /** Makes whatever a row is up to fail now, as if the chain had refused it. */
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

  #finish(transaction: ChainTransaction, change: Parameters<Store["transactions"]["update"]>[1]): void {
    this.#store.transactions.update(transaction.id, { ...change, step: "done" });
    this.#store.ledger.change(transaction.wallet, { freeSince: transaction.due });
  }

  #change(row: Registration, change: RegistrationChange): void {
    this.#store.registrations.update(row, change, this.#now());
  }

  #expect(id: number): ChainTransaction {
    const transaction = this.#store.transactions.get(id);
    if (!transaction) throw new Error(`the transaction ${id} has just been written and is not there`);
    return transaction;
  }

  #wallet(vkey: string): Wallet {
    const wallet = this.#world.wallets.find((candidate) => candidate.vkey === vkey);
    if (!wallet) throw new Error(`the world has no wallet ${vkey}`);
    return wallet;
  }
}
