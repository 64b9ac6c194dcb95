import { type Network, POLICY_ID_LENGTH } from "../../chain/cardano.ts";
import { type Listing, pricesOf } from "../../store/listing.ts";
import type { PaymentSource } from "../../world.ts";
import { type Call, endpoint, requireNetwork } from "../endpoint.ts";
import { toEntry } from "./entry.ts";
import { badRequest, unknownPaymentSource } from "../errors.ts";
import { holderOf, ownRow, sourceAt } from "./own-agent.ts";
import { normalSources, requireKnownUnits } from "./pricing.ts";
import { fundingOf, recipientOf, textsOf } from "./register.ts";
import { updateSchema } from "./registration-schema.ts";

const UPDATABLE = new Set(["RegistrationConfirmed", "UpdateConfirmed", "UpdateFailed"]);

/** Only V2 can update. Without a contract address the policy of the identifier must be that of a V2 source. */
function sourceFor(call: Call, network: Network, agentIdentifier: string, address?: string): PaymentSource {
  if (address !== undefined) {
    const source = sourceAt(call, network, address);
    if (source.paymentSourceType === "Web3CardanoV2") return source;
    throw badRequest("Update agent identifier is only supported for Web3CardanoV2 payment sources");
  }
  const policyId = agentIdentifier.slice(0, POLICY_ID_LENGTH);
  const found = call.world.paymentSources.find(
    (source) =>
      source.network === network &&
      source.paymentSourceType === "Web3CardanoV2" &&
      source.policyId === policyId,
  );
  if (!found) throw unknownPaymentSource();
  return found;
}

/** POST /registry/update: the row shows the new content at once, the chain follows. */
export const update = endpoint("pay", updateSchema, (input, call) => {
  requireNetwork(call, input.network);
  if (input.AgentPricing) {
    throw badRequest(
      "V2 updates must not set AgentPricing; put pricing inside each supportedPaymentSources[].pricing field",
    );
  }
  const source = sourceFor(call, input.network, input.agentIdentifier, input.smartContractAddress);
  const sources =
    input.supportedPaymentSources && normalSources(call, input.supportedPaymentSources, input.network);
  const holder = holderOf(call, source, input.agentIdentifier);
  const row = ownRow(call, source, input.agentIdentifier, "update");
  if (!UPDATABLE.has(row.state)) {
    throw badRequest(`Agent registration cannot be updated in its current state: ${row.state}`);
  }
  // Everything is replaced, but what is left out of Author, Legal, the sources and the verifications stays.
  const listing: Listing = {
    name: input.name,
    description: input.description,
    apiBaseUrl: input.apiBaseUrl,
    Capability: input.Capability,
    ...textsOf(input, row.listing),
    Tags: input.Tags,
    ExampleOutputs: input.ExampleOutputs,
    AgentPricing: null,
    supportedPaymentSources: sources ?? row.listing.supportedPaymentSources,
    verifications: input.verifications ?? row.listing.verifications,
  };
  requireKnownUnits(
    call,
    pricesOf(listing).map((price) => price.unit),
  );
  const recipient =
    input.recipientWalletAddress === undefined
      ? row.recipient
      : recipientOf(source, row.wallet, input.recipientWalletAddress);
  const change = {
    state: "UpdateRequested",
    error: null,
    listing,
    recipient,
    sendFundingLovelace: fundingOf(input.sendFundingLovelace),
    signer: holder.vkey,
    requestedAt: call.chainNow(),
  } as const;
  return toEntry(call.store.registrations.update(row, change, call.now()), call);
});
