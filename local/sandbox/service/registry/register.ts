import { MINIMUM_FUNDING_LOVELACE } from "../../chain/cardano.ts";
import { type Listing, pricesOf } from "../../store/listing.ts";
import type { Registration } from "../../store/registrations.ts";
import type { PaymentSource, Wallet } from "../../world.ts";
import { type Call, endpoint, requireNetwork, scopeOf } from "../endpoint.ts";
import { toEntry } from "./entry.ts";
import { badRequest, notFound, unexpected, unknownPaymentSource } from "../errors.ts";
import { endpointOf } from "./endpoint-of.ts";
import { normalPricing, normalSources, requireKnownUnits } from "./pricing.ts";
import {
  registerSchema,
  registerSchema029,
  registerSchema030,
  type RegistrationContent,
} from "./registration-schema.ts";

type Register = RegistrationContent & { network: "Preprod" | "Mainnet"; sellingWalletVkey: string };

function sellingWallet(call: Call, { network, sellingWalletVkey }: Register): Wallet {
  const wallet = call.world.wallets.find(
    ({ vkey, type, source }) =>
      vkey === sellingWalletVkey && type === "Selling" && source.network === network,
  );
  if (!wallet) throw unknownPaymentSource();
  const scope = scopeOf(call.key);
  if (scope && !scope.includes(wallet.vkey)) throw notFound("Not found");
  return wallet;
}

/** V1 takes its price from AgentPricing, V2 from the payment sources; the other field must be absent. */
function pricingOf(call: Call, input: Register, source: PaymentSource) {
  if (source.paymentSourceType === "Web3CardanoV1") {
    if (input.supportedPaymentSources) {
      throw badRequest(
        "V1 registrations must not set supportedPaymentSources; use the top-level AgentPricing field",
      );
    }
    if (!input.AgentPricing) throw badRequest("V1 registrations require the top-level AgentPricing field");
    return { AgentPricing: normalPricing(input.AgentPricing), supportedPaymentSources: null };
  }
  if (input.AgentPricing) {
    throw badRequest(
      "V2 registrations must not set AgentPricing; put pricing inside each supportedPaymentSources[].pricing field",
    );
  }
  if (!input.supportedPaymentSources) {
    throw badRequest("V2 registrations require supportedPaymentSources with source-local pricing");
  }
  const supportedPaymentSources = normalSources(call, input.supportedPaymentSources, input.network);
  return { AgentPricing: null, supportedPaymentSources };
}

/** Texts that an author leaves out are null; `previous` keeps them instead. */
export function textsOf(input: RegistrationContent, previous?: Listing) {
  const { Author, Legal = {} } = input;
  return {
    Author: {
      name: Author.name,
      contactEmail: Author.contactEmail ?? previous?.Author.contactEmail ?? null,
      contactOther: Author.contactOther ?? previous?.Author.contactOther ?? null,
      organization: Author.organization ?? previous?.Author.organization ?? null,
    },
    Legal: {
      privacyPolicy: Legal.privacyPolicy ?? previous?.Legal.privacyPolicy ?? null,
      terms: Legal.terms ?? previous?.Legal.terms ?? null,
      other: Legal.other ?? previous?.Legal.other ?? null,
    },
  };
}

/** The vkey of another wallet that is to receive the token; the selling wallet itself counts as none. */
export function recipientOf(
  source: PaymentSource,
  seller: string,
  address: string | undefined,
): string | null {
  if (address === undefined) return null;
  const recipient = source.wallets.find((wallet) => wallet.address === address);
  if (!recipient) throw notFound("Recipient wallet not found on the same payment source");
  return recipient.vkey === seller ? null : recipient.vkey;
}

export function fundingOf(lovelace: string | undefined): string | null {
  if (lovelace === undefined) return null;
  const asked = BigInt(lovelace);
  return (asked < MINIMUM_FUNDING_LOVELACE ? BigInt(MINIMUM_FUNDING_LOVELACE) : asked).toString();
}

/** The service's database cannot keep this character, and the service does not say so. */
export function requireStorable(listing: Listing): void {
  if (JSON.stringify(listing).includes("\\u0000")) throw unexpected();
}

export function insertRegistration(call: Call, input: Register): Registration {
  requireNetwork(call, input.network);
  const wallet = sellingWallet(call, input);
  const recipient = recipientOf(wallet.source, wallet.vkey, input.recipientWalletAddress);
  const listing: Listing = {
    name: input.name,
    description: input.description,
    ...endpointOf(input, wallet.source),
    Capability: input.Capability,
    ...textsOf(input),
    Tags: input.Tags,
    ExampleOutputs: input.ExampleOutputs,
    ...pricingOf(call, input, wallet.source),
    verifications: input.verifications ?? null,
  };
  requireKnownUnits(
    call,
    pricesOf(listing).map((price) => price.unit),
  );
  requireStorable(listing);
  return call.store.registrations.insert({
    id: call.newId(),
    network: input.network,
    type: wallet.source.paymentSourceType,
    contract: wallet.source.smartContractAddress,
    wallet: wallet.vkey,
    recipient,
    owner: call.key.id,
    createdAt: call.now(),
    state: "RegistrationRequested",
    error: null,
    agentIdentifier: null,
    previousIdentifier: null,
    sendFundingLovelace: fundingOf(input.sendFundingLovelace),
    listing,
    signer: wallet.vkey,
    requestedAt: call.chainNow(),
    transactionId: null,
  });
}

const answerRegister = (input: Register, call: Call) => toEntry(insertRegistration(call, input), call);

/** POST /registry: the same body twice makes two rows, and later two tokens. */
export const register = endpoint("pay", registerSchema, answerRegister);
export const register029 = endpoint("pay", registerSchema029, answerRegister);
export const register030 = endpoint("pay", registerSchema030, answerRegister);
