import { z } from "zod";
import { type Network, POLICY_ID_LENGTH } from "../../chain/cardano.ts";
import type { Registration } from "../../store/registrations.ts";
import type { PaymentSource, Wallet } from "../../world.ts";
import { type Call, endpoint, requireNetwork } from "../endpoint.ts";
import { toEntry } from "./entry.ts";
import { conflict, unknownPaymentSource } from "../errors.ts";
import { cardanoAddress, hexIdentifier, network } from "../fields.ts";
import { holderOf, ownRow, sourceAt } from "./own-agent.ts";

const BURNABLE = new Set([
  "RegistrationConfirmed",
  "UpdateConfirmed",
  "UpdateFailed",
  "DeregistrationFailed",
]);

export const deregisterSchema = z.object({
  agentIdentifier: hexIdentifier,
  network,
  smartContractAddress: cardanoAddress("smartContractAddress").optional(),
});

interface Address {
  readonly agentIdentifier: string;
  readonly network: Network;
  readonly smartContractAddress?: string | undefined;
}

/** The source named, else the one with the identifier's policy (compared case-sensitively), else the V1 one. */
function sourceFor(call: Call, { agentIdentifier, network, smartContractAddress }: Address): PaymentSource {
  if (smartContractAddress !== undefined) return sourceAt(call, network, smartContractAddress);
  const sources = call.world.paymentSources.filter((source) => source.network === network);
  const source =
    sources.find(({ policyId }) => policyId === agentIdentifier.slice(0, POLICY_ID_LENGTH)) ??
    sources.find(({ paymentSourceType }) => paymentSourceType === "Web3CardanoV1");
  if (!source) throw unknownPaymentSource();
  return source;
}

/** Finds the row to burn and the wallet that holds its token; every refusal but the one for the row's state. */
export function findBurnable(call: Call, input: Address): { row: Registration; holder: Wallet } {
  requireNetwork(call, input.network);
  const source = sourceFor(call, input);
  const holder = holderOf(call, source, input.agentIdentifier);
  return { row: ownRow(call, source, input.agentIdentifier, "deregister"), holder };
}

/** Asks for the burn. The row's error and transaction stay those of the past until the burn is under way. */
export function requestBurn(call: Call, row: Registration, holder: Wallet): Registration {
  const asked = { signer: holder.vkey, requestedAt: call.chainNow() };
  return call.store.registrations.update(row, { state: "DeregistrationRequested", ...asked }, call.now());
}

/** POST /registry/deregister: by identifier, never by row id. */
export const deregister = endpoint("pay", deregisterSchema, (input, call) => {
  const { row, holder } = findBurnable(call, input);
  if (!BURNABLE.has(row.state)) {
    throw conflict(`Agent registration cannot be deregistered in its current state: ${row.state}`);
  }
  return toEntry(requestBurn(call, row, holder), call);
});
