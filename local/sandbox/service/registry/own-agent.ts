import { type Network, POLICY_ID_LENGTH } from "../../chain/cardano.ts";
import type { Registration } from "../../store/registrations.ts";
import type { PaymentSource, Wallet } from "../../world.ts";
import type { Call } from "../endpoint.ts";
import { conflict, forbidden, notFound, unexpected, unknownPaymentSource } from "../errors.ts";
import { lookUp } from "../look-up.ts";

// What updating and deregistering ask first: the payment source of an agent, who holds its token, and its row.

export function sourceAt(call: Call, network: Network, smartContractAddress: string): PaymentSource {
  const source = call.world.paymentSources.find(
    (candidate) => candidate.network === network && candidate.smartContractAddress === smartContractAddress,
  );
  if (!source) throw unknownPaymentSource();
  return source;
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

/** The row of a token that is on the chain; only its maker and admins may change it. */
export function ownRow(
  call: Call,
  source: PaymentSource,
  agentIdentifier: string,
  what: string,
): Registration {
  const row = call.store.registrations.byIdentifier(agentIdentifier, source.smartContractAddress);
  if (!row) throw notFound("Registration not found");
  if (call.key.permission !== "Admin" && row.owner !== call.key.id) {
    throw forbidden(`You are not authorized to ${what} this agent`);
  }
  return row;
}
