import type { EscrowOperation } from "../chain/cardano.ts";
import type { Ledger } from "../store/ledger.ts";
import type { EscrowRequest } from "../store/payment-request.ts";
import type { ChainTransaction } from "../store/transactions.ts";
import type { EscrowParts } from "./parts.ts";
import { feeOf, lockedLovelace, networkFee } from "./escrow-rules.ts";

/** Adds to what a managed wallet has; what leaves them for anybody else is not followed. */
function add(ledger: Ledger, address: string | null, unit: string, quantity: number): void {
  const account = address === null ? undefined : ledger.accountAt(address);
  if (!account) return;
  if (unit === "") ledger.change(account.vkey, { lovelace: account.lovelace + quantity });
  else ledger.addToken(account.address, unit, quantity);
}

/** What lies at the contract for a request, lovelace first. */
function lockedFor({ funds }: EscrowRequest): { unit: string; quantity: number }[] {
  const tokens = funds
    .filter(({ unit }) => unit !== "")
    .map(({ unit, amount }) => ({ unit, quantity: Number(amount) }));
  return [{ unit: "", quantity: lockedLovelace(funds).lovelace }, ...tokens];
}

/** What a transaction does to the wallets when it lands. */
export function moveMoney(
  { world, store }: EscrowParts,
  transaction: ChainTransaction & { operation: EscrowOperation },
  requests: readonly EscrowRequest[],
): void {
  const { ledger } = store;
  const { operation, wallet } = transaction;
  const payer = ledger.account(wallet);
  const fee = feeOf(operation);
  ledger.change(wallet, {
    lovelace: payer.lovelace - fee,
    feesSpent: payer.feesSpent + fee,
    lastTxHash: transaction.txHash ?? payer.lastTxHash,
  });
  for (const request of requests) {
    const locked = lockedFor(request);
    if (operation === "LockFunds") {
      for (const { unit, quantity } of locked) add(ledger, payer.address, unit, -quantity);
    } else if (operation === "CollectRefund") {
      const to = request.buyerReturnAddress ?? payer.address;
      for (const { unit, quantity } of locked) add(ledger, to, unit, quantity);
    } else if (operation === "CollectPayment") {
      const source = world.paymentSources.find((one) => one.smartContractAddress === request.contract);
      const to = request.sellerReturnAddress ?? payer.address;
      for (const { unit, quantity } of locked) {
        const share = networkFee(request.type, source?.feeRatePermille ?? 0, quantity, unit);
        add(ledger, to, unit, quantity - share);
        add(ledger, source?.feeReceiver ?? to, unit, share);
      }
      // The seller's wallet returns what the buyer had to lock above the price.
      const { collateral } = lockedLovelace(request.funds);
      const buyer = world.wallets.find(({ vkey }) => vkey === request.otherWallet);
      add(ledger, payer.address, "", -collateral);
      add(ledger, request.buyerReturnAddress ?? buyer?.address ?? null, "", collateral);
    }
  }
}
