import { z } from "zod";
import { POLICY_ID_LENGTH, randomHex } from "../chain/cardano.ts";
import { isReadableMetadata } from "../registry/metadata.ts";
import { type Listing, pricesOf, pricingTypesOf } from "../store/listing.ts";
import { ON_CHAIN_STATES, PAYMENT_ACTIONS } from "../store/payment-request.ts";
import type { Service } from "../service/endpoint.ts";
import { badRequest, notFound } from "../service/errors.ts";
import { hexIdentifier } from "../service/fields.ts";
import { toPayment } from "../service/escrow/request-entry.ts";

const HOUR = 3_600_000;

/** Unix milliseconds, as a number or in digits, or ISO 8601. */
const time = z.union([
  z.int().min(0),
  z.string().regex(/^\d+$/).transform(Number),
  z.iso.datetime().transform(Date.parse),
]);

/** What a payment is about and how far it is; names are those of the service's list. */
export const paymentPatchSchema = z
  .strictObject({
    agentIdentifier: hexIdentifier,
    onChainState: z.enum(ON_CHAIN_STATES).nullable(),
    requestedAction: z.enum(PAYMENT_ACTIONS),
    errorType: z.enum(["NetworkError", "Unknown"]).nullable(),
    errorNote: z.string().nullable(),
    payByTime: time.nullable(),
    submitResultTime: time,
    unlockTime: time,
    externalDisputeUnlockTime: time,
    resultHash: z.string().nullable(),
    blockchainIdentifier: z.string(),
  })
  .exactPartial();

export const paymentSchema = paymentPatchSchema.extend({
  agentIdentifier: hexIdentifier,
  id: z.cuid().optional(),
  createdAt: z.iso.datetime().transform(Date.parse).optional(),
  /** Id of the key that asked for the payment. */
  owner: z.string().default("somebody-else"),
  inputHash: z.string().exactOptional(),
  RequestedFunds: z.array(z.strictObject({ amount: z.string(), unit: z.string() })).optional(),
});

/** What the service would know of the agent: from the token on the chain, else from its own row. */
function agentColumns({ world, store }: Service, agentIdentifier: string) {
  const policyId = agentIdentifier.slice(0, POLICY_ID_LENGTH);
  const source = world.paymentSources.find((candidate) => candidate.policyId === policyId);
  if (!source) throw badRequest(`The world has no payment source with the policy ${policyId}`);
  const asset = store.ledger.asset(agentIdentifier);
  const row = store.registrations.byIdentifier(agentIdentifier, source.smartContractAddress);
  const listing = isReadableMetadata(asset?.metadata, world.dialect)
    ? (asset?.metadata as Listing)
    : row?.listing;
  const holder = source.wallets.find(({ address }) => address === asset?.holder);
  return {
    agentIdentifier,
    network: source.network,
    type: source.paymentSourceType,
    contract: source.smartContractAddress,
    wallet: holder?.vkey ?? row?.wallet ?? null,
    agentName: listing?.name ?? null,
    pricingType: (listing && pricingTypesOf(listing)[0]) ?? "Fixed",
    funds: listing ? pricesOf(listing).map(({ amount, unit }) => ({ amount, unit })) : [],
  };
}

/**
 * POST /sandbox/payments: a payment as if a crew had asked for it; not yet on the chain unless told. Nobody can buy it,
 * and it stays as it is made: the chain moves on only what POST /payment has made.
 */
export function insertPayment(service: Service, input: z.output<typeof paymentSchema>): unknown {
  const { agentIdentifier, RequestedFunds, id, createdAt, owner, ...fields } = input;
  const at = createdAt ?? service.now();
  const agent = agentColumns(service, agentIdentifier);
  const payment = service.store.payments.insert({
    otherWallet: null,
    requestedAction: "WaitingForExternalAction",
    buyerReturnAddress: null,
    sellerReturnAddress: null,
    metadata: null,
    walletScope: null,
    isDriven: false,
    chainOffset: 0,
    requestedAt: service.chainNow(),
    payByTime: at + HOUR,
    submitResultTime: at + 3 * HOUR,
    unlockTime: at + 6 * HOUR,
    externalDisputeUnlockTime: at + 12 * HOUR,
    resultHash: "",
    blockchainIdentifier: randomHex(64),
    inputHash: randomHex(32),
    ...fields,
    ...agent,
    funds: RequestedFunds ?? agent.funds,
    id: id ?? service.newId(),
    createdAt: at,
    owner,
  });
  return toPayment(payment, service);
}

/** PATCH /sandbox/payments/<id> */
export function patchPayment(
  service: Service,
  id: string,
  { agentIdentifier, ...fields }: z.output<typeof paymentPatchSchema>,
): unknown {
  const payment = service.store.payments.get(id);
  if (!payment) throw notFound(`No payment has the id ${id}`);
  const agent = agentIdentifier === undefined ? {} : agentColumns(service, agentIdentifier);
  return toPayment(service.store.payments.update(payment, { ...fields, ...agent }, service.now()), service);
}
