import { z } from "zod";
import type { Listing } from "../store/listing.ts";
import { type Registration, type RegistrationChange, STATES } from "../store/registrations.ts";
import type { Service } from "../service/endpoint.ts";
import { toEntry } from "../service/registry/entry.ts";
import { badRequest, notFound } from "../service/errors.ts";
import { hasEntryTypes } from "../world.ts";

const transaction = z.strictObject({
  txHash: z.string().nullable().default(null),
  status: z.string().default("Pending"),
  confirmations: z.number().nullable().default(null),
  fees: z.string().nullable().default(null),
  blockHeight: z.number().nullable().default(null),
  blockTime: z.number().nullable().default(null),
});

const nullableText = z.string().nullable();
const listingFields = {
  name: z.string(),
  description: z.string(),
  type: z.string().optional(),
  apiBaseUrl: nullableText,
  openApiSpecUrl: nullableText.optional(),
  x402ResourcesUrl: nullableText.optional(),
  a2aAgentCardUrl: nullableText.optional(),
  a2aProtocolVersions: z.array(z.string()).optional(),
  Capability: z.strictObject({ name: z.string(), version: z.string() }),
  Author: z.strictObject({
    name: z.string(),
    contactEmail: nullableText,
    contactOther: nullableText,
    organization: nullableText,
  }),
  Legal: z.strictObject({ privacyPolicy: nullableText, terms: nullableText, other: nullableText }),
  Tags: z.array(z.string()),
  ExampleOutputs: z.array(z.strictObject({ name: z.string(), url: z.string(), mimeType: z.string() })),
  AgentPricing: z.looseObject({ pricingType: z.string() }).nullable(),
  supportedPaymentSources: z.array(z.looseObject({ chain: z.string() })).nullable(),
  verifications: z.array(z.unknown()).nullable(),
  shownAs: z.record(z.string(), z.unknown()).optional(),
};
const rowFields = {
  state: z.enum(STATES as [string, ...string[]]),
  error: nullableText,
  agentIdentifier: z
    .string()
    .regex(/^[0-9a-f]{57,250}$/)
    .nullable(),
  sendFundingLovelace: nullableText,
  CurrentTransaction: transaction.nullable(),
};

/** Fields of a row that a drift may change; names are those of the registry entry. */
export const patchSchema = z.strictObject({ ...rowFields, ...listingFields }).partial();

/** A row that somebody else made: as a registry entry shows it, with `wallet` (a vkey) and `owner` (a key's id). */
export const rowSchema = z.strictObject({
  id: z.cuid().optional(),
  wallet: z.string(),
  owner: z.string().optional(),
  recipient: z.string().nullable().default(null),
  createdAt: z.iso.datetime().optional(),
  ...listingFields,
  state: rowFields.state.default("RegistrationRequested"),
  error: rowFields.error.default(null),
  agentIdentifier: rowFields.agentIdentifier.default(null),
  sendFundingLovelace: rowFields.sendFundingLovelace.default(null),
  CurrentTransaction: rowFields.CurrentTransaction.default(null),
  Author: listingFields.Author.default({
    name: "Somebody else",
    contactEmail: null,
    contactOther: null,
    organization: null,
  }),
  Legal: listingFields.Legal.default({ privacyPolicy: null, terms: null, other: null }),
  Capability: listingFields.Capability.default({ name: "", version: "" }),
  ExampleOutputs: listingFields.ExampleOutputs.default([]),
  AgentPricing: listingFields.AgentPricing.default(null),
  supportedPaymentSources: listingFields.supportedPaymentSources.default(null),
  verifications: listingFields.verifications.default(null),
});

/** Fields that only entries of 0.29 have, and a null that only they may have. */
function requireKnownFields(
  service: Service,
  { type, apiBaseUrl, openApiSpecUrl, x402ResourcesUrl }: Partial<Listing>,
) {
  if (hasEntryTypes(service.world.dialect)) return;
  const isTyped = [type, openApiSpecUrl, x402ResourcesUrl].some((field) => field !== undefined);
  if (!isTyped && apiBaseUrl !== null) return;
  throw badRequest(`Entries of release ${service.world.dialect} have no type, and always an apiBaseUrl`);
}

const LISTING_NAMES = Object.keys(listingFields);

function splitListing(fields: Readonly<Record<string, unknown>>) {
  const names = Object.keys(fields);
  const pick = (wanted: boolean) =>
    Object.fromEntries(
      names.filter((name) => LISTING_NAMES.includes(name) === wanted).map((name) => [name, fields[name]]),
    );
  return { listing: pick(true) as Partial<Listing>, rest: pick(false) };
}

function recordTransaction(
  service: Service,
  row: Pick<Registration, "wallet" | "type">,
  fields: z.output<typeof transaction>,
) {
  const { wallet, type } = row;
  const settled = { operation: "Registration", step: "done", due: 0, fate: "lands", reason: null } as const;
  return service.store.transactions.insert({ wallet, type, ...settled, ...fields });
}

export function expectRow(service: Service, id: string): Registration {
  const row = service.store.registrations.get(id);
  if (!row) throw notFound(`No row has the id ${id}`);
  return row;
}

/** PATCH /sandbox/rows/<id> */
export function patchRow(service: Service, id: string, fields: z.output<typeof patchSchema>): unknown {
  const row = expectRow(service, id);
  const { listing, rest } = splitListing(fields);
  requireKnownFields(service, listing);
  const { CurrentTransaction, ...columns } = rest as {
    CurrentTransaction?: z.output<typeof transaction> | null;
  };
  const change: RegistrationChange = {
    ...columns,
    ...(Object.keys(listing).length > 0 ? { listing: { ...row.listing, ...listing } } : {}),
    ...(CurrentTransaction === undefined
      ? {}
      : { transactionId: CurrentTransaction && recordTransaction(service, row, CurrentTransaction) }),
    requestedAt: service.chainNow(),
  };
  return toEntry(service.store.registrations.update(row, change, service.now()), service);
}

/** POST /sandbox/rows */
export function insertRow(service: Service, input: z.output<typeof rowSchema>): unknown {
  const { id, wallet: vkey, owner, recipient, createdAt, ...fields } = input;
  const wallet = service.world.wallets.find((candidate) => candidate.vkey === vkey);
  if (!wallet) throw badRequest(`The world has no wallet ${vkey}`);
  const { listing, rest } = splitListing(fields);
  requireKnownFields(service, listing);
  const { source } = wallet;
  const transactionFields = input.CurrentTransaction;
  const row = { wallet: vkey, type: source.paymentSourceType };
  const { CurrentTransaction: _, ...columns } = rest as Record<string, unknown>;
  const inserted = service.store.registrations.insert({
    ...(columns as Pick<Registration, "state" | "error" | "agentIdentifier" | "sendFundingLovelace">),
    ...row,
    id: id ?? service.newId(),
    network: source.network,
    contract: source.smartContractAddress,
    recipient,
    owner: owner ?? "somebody-else",
    createdAt: createdAt === undefined ? service.now() : Date.parse(createdAt),
    previousIdentifier: null,
    listing: listing as Listing,
    signer: vkey,
    requestedAt: service.chainNow(),
    transactionId: transactionFields && recordTransaction(service, row, transactionFields),
  });
  return toEntry(inserted, service);
}
