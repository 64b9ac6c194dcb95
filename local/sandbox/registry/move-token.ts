import type { Operation } from "../chain/cardano.ts";
import type { Ledger } from "../store/ledger.ts";
import type { Registration } from "../store/registrations.ts";
import { expectWallet, type World } from "../world.ts";
import { onChainMetadata } from "./metadata.ts";
import { fundingOf } from "./registry-rules.ts";

/** What a transaction does to the token of one agent. */
export function moveToken(
  { world, ledger }: { readonly world: World; readonly ledger: Ledger },
  row: Registration,
  operation: Operation,
  txHash: string,
): void {
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
    const holder = old?.holder ?? expectWallet(world, row.signer).address;
    ledger.putAsset({ unit, holder, lovelace: old?.lovelace ?? 0, metadata, txHash });
    return;
  }
  const lovelace = fundingOf(row);
  const holder = expectWallet(world, row.recipient ?? row.wallet);
  if (holder.vkey !== row.wallet) {
    ledger.change(row.wallet, { lovelace: ledger.account(row.wallet).lovelace - lovelace });
    ledger.change(holder.vkey, { lovelace: ledger.account(holder.vkey).lovelace + lovelace });
  }
  ledger.putAsset({ unit, holder: holder.address, lovelace, metadata, txHash });
}
