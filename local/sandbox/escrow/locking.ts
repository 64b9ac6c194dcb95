import type { ChainEvent } from "../chain/blocks.ts";
import { type EscrowRequest, nextAction } from "../store/payment-request.ts";
import type { PaymentSource, Wallet } from "../world.ts";
import type { Batch, EscrowParts } from "./parts.ts";
import {
  FEE_BUFFER_LOVELACE,
  LOCK_BATCH,
  LOCK_MARGIN,
  LOCK_TICK,
  lockedLovelace,
  RESULT_MARGIN,
  tickFrom,
} from "./escrow-rules.ts";

/** What a wallet can still lock in the batch that is being put together. */
interface Purse {
  readonly wallet: Wallet;
  readonly chosen: EscrowRequest[];
  readonly left: Map<string, number>;
}

/** Pays purchases: every free purchasing wallet of a source takes as many of the oldest as it has money for. */
export class Locking {
  readonly #parts: EscrowParts;
  readonly #start: (batch: Batch) => void;

  constructor(parts: EscrowParts, { start }: { start: (batch: Batch) => void }) {
    this.#parts = parts;
    this.#start = start;
  }

  events(openPurchases: readonly EscrowRequest[]): ChainEvent[] {
    const waiting = openPurchases.filter(
      ({ requestedAction, errorType, onChainState }) =>
        requestedAction === "FundsLockingRequested" && errorType === null && onChainState === null,
    );
    return this.#parts.world.paymentSources.flatMap((source) =>
      this.#eventOf(
        source,
        waiting.filter(({ contract }) => contract === source.smartContractAddress),
      ),
    );
  }

  #idleWallets(source: PaymentSource): Wallet[] {
    return purchasingWallets(source).filter(({ vkey }) => !this.#parts.store.transactions.under(vkey));
  }

  #eventOf(source: PaymentSource, waiting: readonly EscrowRequest[]): ChainEvent[] {
    if (waiting.length === 0) return [];
    const { ledger } = this.#parts.store;
    const idle = this.#idleWallets(source).map(({ vkey }) => ledger.account(vkey).freeSince);
    if (idle.length === 0) return [];
    const timed = waiting
      .map((purchase) => ({
        purchase,
        at: tickFrom(Math.max(purchase.requestedAt, Math.min(...idle)), LOCK_TICK),
      }))
      .filter(({ purchase, at }) => this.#timeAt(purchase, at) <= (purchase.payByTime ?? 0) - LOCK_MARGIN)
      .toSorted((a, b) => a.at - b.at);
    const at = timed[0]?.at;
    if (at === undefined) return [];
    const due = timed.filter((one) => one.at <= at).map(({ purchase }) => purchase);
    return [{ at, run: () => this.#pay(source, due.slice(0, LOCK_BATCH), at) }];
  }

  /** A chain time in the time of a request. */
  #timeAt(request: EscrowRequest, chainTime: number): number {
    return chainTime - this.#parts.clock.leaps - request.chainOffset;
  }

  #pay(source: PaymentSource, purchases: readonly EscrowRequest[], at: number): void {
    const late = (purchase: EscrowRequest) =>
      purchase.submitResultTime < this.#timeAt(purchase, at) + RESULT_MARGIN;
    for (const purchase of purchases.filter(late)) {
      const errorNote = "Transaction timeout before sending";
      const again = nextAction(purchase, "FundsLockingRequested", { errorType: "Unknown", errorNote });
      this.#update(purchase, again, at);
    }
    const idle = this.#idleWallets(source);
    const purses = idle.map((wallet) => this.#purseOf(wallet));
    for (const purchase of purchases.filter((one) => !late(one))) {
      const purse = purses.find((one) => mayPay(one.wallet, purchase) && takes(one, purchase));
      if (!purse) this.#leave(source, purchase, { idle, at });
    }
    for (const { wallet, chosen } of purses) this.#startBatch(wallet, chosen, at);
  }

  #startBatch({ vkey }: Wallet, requests: readonly EscrowRequest[], at: number): void {
    if (requests.length === 0) return;
    this.#start({
      operation: "LockFunds",
      wallet: vkey,
      requests,
      at,
      action: "FundsLockingInitiated",
      change: ({ funds }) => ({
        wallet: vkey,
        collateralReturnLovelace: lockedLovelace(funds).collateral,
      }),
    });
  }

  /** Nobody can pay: an error, unless a wallet that is busy may have the money later. */
  #leave(
    source: PaymentSource,
    purchase: EscrowRequest,
    { idle, at }: { idle: readonly Wallet[]; at: number },
  ): void {
    const isBusy = purchasingWallets(source).some(
      (wallet) => mayPay(wallet, purchase) && !idle.includes(wallet),
    );
    const error = { errorType: "InsufficientFunds", errorNote: "Not enough funds in wallets" };
    this.#update(purchase, isBusy ? {} : nextAction(purchase, "WaitingForManualAction", error), at);
  }

  #update(purchase: EscrowRequest, change: object, at: number): void {
    this.#parts.store.purchases.update(purchase, { ...change, requestedAt: at }, this.#parts.now());
  }

  #purseOf(wallet: Wallet): Purse {
    const { ledger } = this.#parts.store;
    const { lovelace, locked } = ledger.account(wallet.vkey);
    const tokens = ledger.tokensAt(wallet.address).map(({ unit, quantity }) => [unit, quantity] as const);
    return {
      wallet,
      chosen: [],
      left: new Map([["", lovelace - locked - FEE_BUFFER_LOVELACE], ...tokens]),
    };
  }
}

const purchasingWallets = (source: PaymentSource) =>
  source.wallets.filter(({ type }) => type === "Purchasing");

const mayPay = ({ vkey }: Wallet, { walletScope }: EscrowRequest) =>
  walletScope === null || walletScope.includes(vkey);

/** Takes the purchase if there is enough of everything. */
function takes({ chosen, left }: Purse, purchase: EscrowRequest): boolean {
  const needed = new Map<string, number>([["", lockedLovelace(purchase.funds).lovelace]]);
  for (const { unit, amount } of purchase.funds) {
    if (unit !== "") needed.set(unit, (needed.get(unit) ?? 0) + Number(amount));
  }
  const isEnough = [...needed].every(([unit, quantity]) => (left.get(unit) ?? 0) >= quantity);
  if (!isEnough) return false;
  for (const [unit, quantity] of needed) left.set(unit, (left.get(unit) ?? 0) - quantity);
  chosen.push(purchase);
  return true;
}
