import type { Asset } from "../store/ledger.ts";
import type { Call } from "./endpoint.ts";
import { unexpected } from "./errors.ts";

/** A token as the chain knows it; undefined = never minted. A chain that cannot be reached is a plain 500. */
export function lookUp(call: Call, unit: string): Asset | undefined {
  if (call.faults.takeChainDown(call.route)) throw unexpected();
  return call.store.ledger.asset(unit);
}
