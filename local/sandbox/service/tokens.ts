import { POLICY_ID_LENGTH } from "../chain/cardano.ts";
import type { Asset } from "../store/ledger.ts";
import type { PaymentSource, Wallet } from "../world.ts";
import type { Call } from "./endpoint.ts";
import { badRequest, conflict, notFound, unexpected } from "./errors.ts";

const BACKEND_DOWN = "validation error: An unexpected response was received from the backend.";

/** A token as the chain knows it; undefined = never minted. A chain that cannot be reached is a plain 500. */
export function lookUp(call: Call, unit: string): Asset | undefined {
  if (call.faults.takeChainDown(call.route)) throw unexpected();
  return call.store.ledger.asset(unit);
}

/**
 * The managed wallet of a payment source that holds an agent's token: what deregistering and updating ask first,
 * before they look at their own rows.
 */
export function holderOf(call: Call, source: PaymentSource, agentIdentifier: string): Wallet {
  const asset = lookUp(call, source.policyId + agentIdentifier.slice(POLICY_ID_LENGTH));
  if (!asset) throw unexpected();
  if (asset.holder === null) throw notFound("Asset not found");
  const wallet = source.wallets.find((candidate) => candidate.address === asset.holder);
  if (!wallet) throw conflict("Registered asset is not currently held by a managed wallet");
  return wallet;
}

function problemWith(call: Call, unit: string, chainIsDown: boolean): string | undefined {
  if (!/^[0-9a-fA-F]{56,}$/.test(unit)) return "invalid format - must be policyId + assetName in hex";
  if (chainIsDown) return BACKEND_DOWN;
  return call.world.assets.has(unit) || call.store.ledger.asset(unit)
    ? undefined
    : "asset not found on-chain";
}

/** Native tokens in prices must exist; prices in ADA never touch the chain. */
export function requireKnownUnits(call: Call, units: readonly string[]): void {
  const tokens = [...new Set(units)].filter((unit) => unit !== "");
  if (tokens.length === 0) return;
  const chainIsDown = call.faults.takeChainDown(call.route);
  const problems = tokens.flatMap((unit) => {
    const problem = problemWith(call, unit, chainIsDown);
    return problem ? [`${unit} (${problem})`] : [];
  });
  if (problems.length > 0) throw badRequest(`Invalid assets in pricing: ${problems.join(", ")}`);
}
