import { z } from "zod";
import { type Call, endpoint, requireNetwork } from "../endpoint.ts";
import { notFound, unexpected } from "../errors.ts";
import { network } from "../fields.ts";

const addressSchema = z.object({ address: z.string().max(150), network });

/** What lies at an address, one heap of lovelace with the tokens of many, and one per agent's token; an address of nobody here is unused. */
function heapsAt(call: Call, address: string) {
  if (call.faults.takeChainDown(call.route)) throw unexpected();
  const account = call.store.ledger.accountAt(address);
  if (!account || account.lovelace === 0) return [];
  const lovelace = (quantity: number) => ({ unit: "lovelace", quantity });
  const tokens = call.store.ledger.heldAt(address).map((asset) => ({
    txHash: asset.txHash,
    amounts: [lovelace(asset.lovelace), { unit: asset.unit, quantity: 1 }],
  }));
  const free = account.lovelace - account.locked;
  const many = call.store.ledger.tokensAt(address);
  return [
    ...(free > 0 ? [{ txHash: account.lastTxHash, amounts: [lovelace(free), ...many] }] : []),
    ...tokens,
  ];
}

/** GET /balance: all that lies at the address, what is locked beside tokens included. */
export const balance = endpoint("read", addressSchema, ({ address, network }, call) => {
  requireNetwork(call, network);
  const sums = new Map<string, number>();
  for (const { amounts } of heapsAt(call, address)) {
    for (const { unit, quantity } of amounts) sums.set(unit, (sums.get(unit) ?? 0) + quantity);
  }
  return { Balance: Array.from(sums, ([unit, quantity]) => ({ unit, quantity })) };
});

const utxosSchema = addressSchema.extend({
  count: z.coerce.number().int().min(1).max(100).default(10),
  page: z.coerce.number().int().min(1).max(100).default(1),
  order: z.enum(["Asc", "Desc"]).default("Desc"),
});

/** GET /utxos */
export const utxos = endpoint("read", utxosSchema, ({ address, network, count, page, order }, call) => {
  requireNetwork(call, network);
  const heaps = heapsAt(call, address);
  if (heaps.length === 0) throw notFound("Address not found");
  const sorted = order === "Desc" ? heaps : heaps.toReversed();
  return {
    Utxos: sorted.slice((page - 1) * count, page * count).map(({ txHash, amounts }) => ({
      txHash,
      address,
      Amounts: amounts,
      dataHash: null,
      inlineDatum: null,
      referenceScriptHash: null,
      outputIndex: 0,
      block: txHash.split("").toReversed().join(""),
    })),
  };
});
