import { createHash } from "node:crypto";
import type { SQLInputValue } from "node:sqlite";
import type { Wallet } from "../world.ts";
import type { Prepare } from "./database.ts";

/** What a managed wallet has on the chain, in lovelace. */
export interface Account {
  readonly vkey: string;
  readonly address: string;
  /** All that lies at the address, what is locked beside tokens included. */
  readonly lovelace: number;
  readonly locked: number;
  readonly feesSpent: number;
  /** Chain time since which nothing of its own is under way. */
  readonly freeSince: number;
  readonly lastTxHash: string;
}

/** A token on the chain; the holder is null once it is burnt. */
export interface Asset {
  readonly unit: string;
  readonly holder: string | null;
  /** Lovelace that lie beside it. */
  readonly lovelace: number;
  readonly metadata: unknown;
  readonly txHash: string;
}

function toAsset(row: Record<string, unknown>): Asset {
  const { metadata } = row;
  return { ...row, metadata: typeof metadata === "string" ? JSON.parse(metadata) : null } as unknown as Asset;
}

export class Ledger {
  readonly #prepare: Prepare;

  constructor(prepare: Prepare) {
    this.#prepare = prepare;
  }

  /** Sets the first balance of a wallet of the world; a known wallet keeps what it has. */
  meet(wallet: Wallet, chainNow: number): void {
    const genesis = createHash("sha256").update(wallet.vkey).digest("hex");
    this.#prepare(
      "INSERT INTO wallets (vkey, address, lovelace, freeSince, lastTxHash) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ).run(wallet.vkey, wallet.address, wallet.lovelace, chainNow, genesis);
    for (const { unit, quantity } of wallet.tokens) {
      this.#prepare(
        "INSERT INTO tokens (address, unit, quantity) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
      ).run(wallet.address, unit, quantity);
    }
  }

  /** Tokens of which there are many at a managed wallet's address: those of the world's assets. */
  tokensAt(address: string): { unit: string; quantity: number }[] {
    const sql = "SELECT unit, quantity FROM tokens WHERE address = ? AND quantity <> 0 ORDER BY unit";
    return this.#prepare(sql).all(address) as unknown as { unit: string; quantity: number }[];
  }

  tokenQuantity(address: string, unit: string): number {
    return this.tokensAt(address).find((token) => token.unit === unit)?.quantity ?? 0;
  }

  addToken(address: string, unit: string, quantity: number): void {
    this.#prepare(
      `INSERT INTO tokens (address, unit, quantity) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity`,
    ).run(address, unit, quantity);
  }

  account(vkey: string): Account {
    const account = this.#prepare("SELECT * FROM wallets WHERE vkey = ?").get(vkey);
    if (!account) throw new Error(`the world has no wallet ${vkey}`);
    return account as unknown as Account;
  }

  accountAt(address: string): Account | undefined {
    return this.#prepare("SELECT * FROM wallets WHERE address = ?").get(address) as unknown as
      Account | undefined;
  }

  change(
    vkey: string,
    change: Partial<Pick<Account, "lovelace" | "feesSpent" | "freeSince" | "lastTxHash">>,
  ): void {
    const sets = Object.keys(change).map((name) => `${name} = ?`);
    const values = Object.values(change) as SQLInputValue[];
    this.#prepare(`UPDATE wallets SET ${sets.join(", ")} WHERE vkey = ?`).run(...values, vkey);
  }

  asset(unit: string): Asset | undefined {
    const row = this.#prepare("SELECT * FROM assets WHERE unit = ?").get(unit);
    return row && toAsset(row);
  }

  putAsset(asset: Asset): void {
    const metadata = asset.metadata === null ? null : JSON.stringify(asset.metadata);
    this.#prepare(
      `INSERT INTO assets (unit, holder, lovelace, metadata, txHash) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET holder = excluded.holder, lovelace = excluded.lovelace, metadata = excluded.metadata,
         txHash = excluded.txHash`,
    ).run(asset.unit, asset.holder, asset.lovelace, metadata, asset.txHash);
  }

  removeAsset(unit: string): void {
    this.#prepare("DELETE FROM assets WHERE unit = ?").run(unit);
  }

  /** A burnt token leaves its lovelace to the holder, who has them at the address anyway. */
  burn(unit: string): void {
    this.#prepare("UPDATE assets SET holder = NULL, lovelace = 0 WHERE unit = ?").run(unit);
  }

  heldAt(address: string): Asset[] {
    return this.#prepare("SELECT * FROM assets WHERE holder = ? ORDER BY unit").all(address).map(toAsset);
  }
}
