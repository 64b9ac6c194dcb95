import { fromEntry, toRegisterBody } from "../../../providers/masumi/service/client/convert.ts";
import type { RegistrationInputs, RegistrationOutputs } from "../../../providers/masumi/resources/inputs.ts";
import type { Listing, Row } from "../../../providers/masumi/service/model.ts";
import { toOutputs, toRegistration } from "../../../providers/masumi/resources/registration-common.ts";
import { type RegisterBody, registryEntry } from "../../../providers/masumi/service/client/wire.ts";
import { LISTING } from "./inputs.ts";

/** The entry that the service makes of a body, with what it does to texts, amounts, units and order. */
export function serve(
  body: RegisterBody,
  changes: object = {},
  shuffle = <T>(list: readonly T[]): readonly T[] => list,
) {
  const orNull = (text: string | undefined) => text ?? null;
  const amount = (digits: string) => BigInt(digits).toString();
  const unit = (unit: string) => (unit === "lovelace" ? "" : unit);
  const v1 = body.AgentPricing;
  return registryEntry.parse({
    error: null,
    id: "row",
    name: body.name,
    description: body.description,
    type: body.type ?? "Standard",
    apiBaseUrl: orNull(body.apiBaseUrl),
    openApiSpecUrl: orNull(body.openApiSpecUrl),
    x402ResourcesUrl: orNull(body.x402ResourcesUrl),
    a2aAgentCardUrl: orNull(body.a2aAgentCardUrl),
    a2aProtocolVersions: body.a2aProtocolVersions ?? [],
    Capability: body.Capability,
    Author: {
      name: body.Author["name"],
      contactEmail: orNull(body.Author["contactEmail"]),
      contactOther: orNull(body.Author["contactOther"]),
      organization: orNull(body.Author["organization"]),
    },
    Legal: {
      privacyPolicy: orNull(body.Legal?.["privacyPolicy"]),
      terms: orNull(body.Legal?.["terms"]),
      other: orNull(body.Legal?.["other"]),
    },
    state: "RegistrationConfirmed",
    Tags: body.Tags,
    createdAt: "2026-11-22T11:43:01.275Z",
    updatedAt: "2026-11-22T11:43:01.275Z",
    ExampleOutputs: shuffle(body.ExampleOutputs),
    agentIdentifier: null,
    AgentPricing: v1
      ? {
          pricingType: v1.pricingType,
          ...(v1.Pricing
            ? {
                Pricing: shuffle(v1.Pricing).map((price) => ({
                  amount: amount(price.amount),
                  unit: unit(price.unit),
                })),
              }
            : {}),
        }
      : null,
    sendFundingLovelace: null,
    supportedPaymentSources:
      body.supportedPaymentSources?.map(({ pricing, ...source }) => ({
        ...source,
        // On EVM chains the service says whom it pays twice.
        ...("payTo" in source ? { paymentSourceType: null, address: source.payTo } : {}),
        pricing: {
          ...pricing,
          ...(pricing.fixed
            ? {
                fixed: shuffle(pricing.fixed).map((price) => ({
                  ...price,
                  amount: amount(price.amount),
                  asset: unit(price.asset),
                })),
              }
            : {}),
        },
      })) ?? null,
    SmartContractWallet: { walletVkey: body.sellingWalletVkey, walletAddress: "addr_test1x" },
    CurrentTransaction: null,
    ...changes,
  });
}

/** The row that registering these inputs leads to. */
export const rowOf = (inputs: RegistrationInputs, changes: Partial<Row> = {}): Row => ({
  ...fromEntry(serve(toRegisterBody(toRegistration(inputs)))),
  ...changes,
});
/** What the state keeps of them. */
export const outputsOf = (
  inputs: RegistrationInputs,
  changes: Partial<RegistrationOutputs> = {},
): RegistrationOutputs => ({
  ...toOutputs(inputs, rowOf(inputs), "1"),
  ...changes,
});

/** A change of every field that is on the chain: what it is called, and the field that it shows in. */
export const CHANGES: [string, Partial<Listing>, string][] = [
  ["name", { name: "Other" }, "name"],
  ["description", { description: "Other." }, "description"],
  ["apiBaseUrl", { apiBaseUrl: "https://other.example.com" }, "apiBaseUrl"],
  ["capability name", { capability: { ...LISTING.capability, name: "other" } }, "capability"],
  ["capability version", { capability: { ...LISTING.capability, version: "2" } }, "capability"],
  ["a tag more", { tags: [...LISTING.tags, "more"] }, "tags"],
  ["author", { author: { ...LISTING.author, name: "Other" } }, "author"],
  ["contact removed", { author: { name: LISTING.author.name } }, "author"],
  ["organization added", { author: { ...LISTING.author, organization: "Org" } }, "author"],
  ["terms removed", { legal: {} }, "legal"],
  ["privacy policy added", { legal: { ...LISTING.legal, privacyPolicy: "https://example.com/p" } }, "legal"],
  ["price", { pricing: { type: "fixed", prices: [{ amount: "6000000", unit: "" }] } }, "pricing"],
  ["unit", { pricing: { type: "fixed", prices: [{ amount: "5000000", unit: "a".repeat(56) }] } }, "pricing"],
  ["free", { pricing: { type: "free" } }, "pricing"],
  ["dynamic", { pricing: { type: "dynamic" } }, "pricing"],
  ["example removed", { exampleOutputs: [] }, "exampleOutputs"],
  [
    "example's type",
    { exampleOutputs: [{ ...LISTING.exampleOutputs[0], mimeType: "text/plain" }] },
    "exampleOutputs",
  ],
];
