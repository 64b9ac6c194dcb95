import { z } from "zod";
import { isAddressOf, randomHex } from "../chain/cardano.ts";
import type { Service } from "../service/endpoint.ts";
import { badRequest, notFound } from "../service/errors.ts";
import type { Ledger } from "../store/ledger.ts";

/** An address of this world or of anybody, or null for a burnt token. */
const holder = z
  .string()
  .refine(
    (address) => isAddressOf("Preprod", address) || isAddressOf("Mainnet", address),
    "expected a Cardano address",
  )
  .nullable();

export const assetSchema = z.strictObject({
  holder,
  lovelace: z.int().min(0).default(0),
  metadata: z.unknown().optional(),
});

/** PUT /sandbox/assets/<unit>: puts a token on the chain as if it had been minted long ago. */
export function putAsset(service: Service, unit: string, input: z.output<typeof assetSchema>): unknown {
  if (!/^[0-9a-f]{57,250}$/.test(unit))
    throw badRequest("The unit must be policy id and asset name in lower-case hex");
  const asset = { unit, ...input, metadata: input.metadata ?? null, txHash: "0".repeat(64) };
  service.store.ledger.putAsset(asset);
  return asset;
}

export const moveSchema = z.strictObject({ holder });

/**
 * PATCH /sandbox/assets/<unit>: moves a token with the lovelace beside it to another address, or burns it; no row of the
 * service learns of it.
 */
export function moveAsset(service: Service, unit: string, to: string | null): unknown {
  const { ledger } = service.store;
  const asset = ledger.asset(unit);
  if (!asset || asset.holder === null) throw notFound(`No token ${unit} is on the chain`);
  if (to === null) {
    ledger.burn(unit);
  } else {
    addLovelace(ledger, asset.holder, -asset.lovelace);
    addLovelace(ledger, to, asset.lovelace);
    ledger.putAsset({ ...asset, holder: to, txHash: randomHex(32) });
  }
  return ledger.asset(unit);
}

/** What lies at an address of nobody here is not counted. */
function addLovelace(ledger: Ledger, address: string, lovelace: number): void {
  const account = ledger.accountAt(address);
  if (account) ledger.change(account.vkey, { lovelace: account.lovelace + lovelace });
}
