import { type Network, POLICY_ID_LENGTH } from "../../chain/cardano.ts";
import { type Listing, pricesOf } from "../../store/listing.ts";
import type { Registration } from "../../store/registrations.ts";
import type { Dialect, PaymentSource } from "../../world.ts";
import { type Call, endpoint, requireNetwork } from "../endpoint.ts";
import { toEntry } from "./entry.ts";
import { badRequest, unknownPaymentSource } from "../errors.ts";
import { holderOf, ownRow, sourceAt } from "./own-agent.ts";
import { normalSources, requireKnownUnits } from "./pricing.ts";
import { fundingOf, recipientOf, requireStorable, textsOf } from "./register.ts";
import { hasA2A } from "../../world.ts";
import {
  type RegistrationContent,
  updateSchema,
  updateSchema029,
  updateSchema030,
} from "./registration-schema.ts";

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

type Update = RegistrationContent & {
  readonly network: Network;
  readonly agentIdentifier: string;
  readonly smartContractAddress?: string | undefined;
};

/** Everything is replaced, but what is left out of Author, Legal, the sources, the verifications and the URL stays. */
const updatedListing = (
  before: Listing,
  input: Update,
  sources: Listing["supportedPaymentSources"] | undefined,
): Listing => ({
  name: input.name,
  description: input.description,
  type: before.type,
  apiBaseUrl: input.apiBaseUrl ?? before.apiBaseUrl,
  openApiSpecUrl: before.openApiSpecUrl,
  x402ResourcesUrl: before.x402ResourcesUrl,
  a2aAgentCardUrl: before.a2aAgentCardUrl,
  a2aProtocolVersions: before.a2aProtocolVersions,
  Capability: input.Capability,
  ...textsOf(input, before),
  Tags: input.Tags,
  ExampleOutputs: input.ExampleOutputs,
  AgentPricing: null,
  supportedPaymentSources: sources ?? before.supportedPaymentSources,
  verifications: input.verifications ?? before.verifications,
});

/** 0.30 looks at the type of the row as well, before it asks the chain. */
function requireStandardRow(
  call: Call,
  { contract, agentIdentifier }: { contract: string; agentIdentifier: string },
) {
  if (!hasA2A(call.world.dialect)) return;
  const { type = "Standard" } =
    call.store.registrations.byIdentifier(agentIdentifier, contract)?.listing ?? {};
  if (type !== "Standard") throw badRequest(NO_TYPED_UPDATE_0_30);
}

const NO_TYPED_UPDATE = "Updating OpenApi/X402 agents is not yet supported";
const NO_TYPED_UPDATE_0_30 = "Updating OpenApi/X402/A2A agents is not yet supported";

function requireV2Update({ AgentPricing, type }: Update, dialect: Dialect): void {
  if (AgentPricing) {
    throw badRequest(
      "V2 updates must not set AgentPricing; put pricing inside each supportedPaymentSources[].pricing field",
    );
  }
  if (type !== undefined && type !== "Standard") {
    throw badRequest(hasA2A(dialect) ? NO_TYPED_UPDATE_0_30 : NO_TYPED_UPDATE);
  }
}

function requestUpdate(call: Call, input: Update): Registration {
  requireV2Update(input, call.world.dialect);
  requireNetwork(call, input.network);
  const source = sourceFor(call, input.network, input.agentIdentifier, input.smartContractAddress);
  const sources =
    input.supportedPaymentSources && normalSources(call, input.supportedPaymentSources, input.network);
  requireStandardRow(call, { contract: source.smartContractAddress, agentIdentifier: input.agentIdentifier });
  const holder = holderOf(call, source, input.agentIdentifier);
  const row = ownRow(call, source, input.agentIdentifier, "update");
  if (!UPDATABLE.has(row.state)) {
    throw badRequest(`Agent registration cannot be updated in its current state: ${row.state}`);
  }
  const listing = updatedListing(row.listing, input, sources);
  requireKnownUnits(
    call,
    pricesOf(listing).map((price) => price.unit),
  );
  requireStorable(listing);
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
  return call.store.registrations.update(row, change, call.now());
}

const answerUpdate = (input: Update, call: Call) => toEntry(requestUpdate(call, input), call);

/** POST /registry/update: the row shows the new content at once, the chain follows. */
export const update = endpoint("pay", updateSchema, answerUpdate);
export const update029 = endpoint("pay", updateSchema029, answerUpdate);
export const update030 = endpoint("pay", updateSchema030, answerUpdate);
