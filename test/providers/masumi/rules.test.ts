import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contentOf, normaliseListing, shows } from "../../../providers/masumi/content.ts";
import { fromEntry, toRegisterBody } from "../../../providers/masumi/convert.ts";
import {
  type RegistrationInputs,
  type RegistrationOutputs,
  UNKNOWN,
} from "../../../providers/masumi/inputs.ts";
import { marker } from "../../../providers/masumi/marker.ts";
import { type Listing, type Row, STATES, isSettled } from "../../../providers/masumi/model.ts";
import { toOutputs, toRegistration } from "../../../providers/masumi/registration-common.ts";
import { decideBurn, decideChange, decideCreate } from "../../../providers/masumi/rules.ts";
import { type RegisterBody, registryEntry } from "../../../providers/masumi/wire.ts";
import { EMPTY_V1, EMPTY_V2, LISTING, OWNER, V1, V2, V2_SOURCE, inputsOf } from "./inputs.ts";

/** The entry that the service makes of a body, with what it does to texts, amounts, units and order. */
function serve(
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
    apiBaseUrl: body.apiBaseUrl,
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
        pricing: {
          ...pricing,
          ...(pricing.fixed
            ? {
                fixed: shuffle(pricing.fixed).map((price) => ({
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

const rowOf = (inputs: RegistrationInputs, changes: Partial<Row> = {}): Row => ({
  ...fromEntry(serve(toRegisterBody(toRegistration(inputs)))),
  ...changes,
});
const outputsOf = (
  inputs: RegistrationInputs,
  changes: Partial<RegistrationOutputs> = {},
): RegistrationOutputs => ({
  ...toOutputs(inputs, rowOf(inputs), "1"),
  ...changes,
});

describe("a listing that was sent and read back", () => {
  const text = fc.string({ unit: "binary", maxLength: 40 });
  const optional = fc.option(text, { nil: undefined });
  const hex = (length: number) =>
    fc.string({
      unit: fc.constantFrom(...Array.from("0123456789abcdef")),
      minLength: length,
      maxLength: length,
    });
  const amount = fc
    .tuple(fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), fc.nat({ max: 3 }))
    .map(([value, zeros]) => "0".repeat(zeros) + value.toString());
  const price = fc.record({ amount, unit: fc.oneof(fc.constantFrom("", "lovelace"), hex(56), hex(78)) });
  const pricing: fc.Arbitrary<Listing["pricing"]> = fc.oneof(
    fc.record({
      type: fc.constant("fixed" as const),
      prices: fc.uniqueArray(price, {
        minLength: 1,
        maxLength: 5,
        selector: ({ unit }) => unit || "lovelace",
      }),
    }),
    fc.constantFrom({ type: "free" as const }, { type: "dynamic" as const }),
  );
  const listing: fc.Arbitrary<Listing> = fc.record({
    name: text,
    description: text,
    apiBaseUrl: fc.webUrl(),
    capability: fc.record({ name: text, version: text }),
    tags: fc.array(text, { maxLength: 14 }),
    author: fc.record({ name: text, contactEmail: optional, contactOther: optional, organization: optional }),
    legal: fc.record({ privacyPolicy: optional, terms: optional, other: optional }),
    pricing,
    exampleOutputs: fc.array(fc.record({ name: text, url: text, mimeType: text }), { maxLength: 5 }),
  });

  test.each([V1, V2])("is never a difference on $type", (wallet) => {
    fc.assert(
      fc.property(listing, fc.boolean(), (listing, isReversed) => {
        const inputs = inputsOf({ wallet, listing });
        const body = toRegisterBody(toRegistration(inputs));
        const row = fromEntry(serve(body, {}, (list) => (isReversed ? list.toReversed() : list)));
        expect(shows(row, toRegistration(inputs))).toBe(true);
        const olds = { ...toOutputs(inputs, row, "1"), listing: row.listing };
        expect(decideChange("row", olds, inputs)).toEqual({ kind: "none" });
      }),
    );
  });

  test("what we send is normal already, so that it can be compared as it stands", () => {
    fc.assert(
      fc.property(listing, (listing) => {
        expect(normaliseListing(normaliseListing(listing))).toEqual(normaliseListing(listing));
      }),
    );
  });
});

/** A change of every field that is on the chain. */
const CHANGES: [string, Partial<Listing>][] = [
  ["name", { name: "Other" }],
  ["description", { description: "Other." }],
  ["apiBaseUrl", { apiBaseUrl: "https://other.example.com" }],
  ["capability name", { capability: { ...LISTING.capability, name: "other" } }],
  ["capability version", { capability: { ...LISTING.capability, version: "2" } }],
  ["a tag more", { tags: [...LISTING.tags, "more"] }],
  ["author", { author: { ...LISTING.author, name: "Other" } }],
  ["contact removed", { author: { name: LISTING.author.name } }],
  ["organization added", { author: { ...LISTING.author, organization: "Org" } }],
  ["terms removed", { legal: {} }],
  ["privacy policy added", { legal: { ...LISTING.legal, privacyPolicy: "https://example.com/p" } }],
  ["price", { pricing: { type: "fixed", prices: [{ amount: "6000000", unit: "" }] } }],
  ["unit", { pricing: { type: "fixed", prices: [{ amount: "5000000", unit: "a".repeat(56) }] } }],
  ["free", { pricing: { type: "free" } }],
  ["dynamic", { pricing: { type: "dynamic" } }],
  ["example removed", { exampleOutputs: [] }],
  ["example's type", { exampleOutputs: [{ ...LISTING.exampleOutputs[0], mimeType: "text/plain" }] }],
];

describe("diff", () => {
  const v1 = inputsOf({ wallet: V1 });
  const v2 = inputsOf();

  test.each(CHANGES)("V2 updates in place: %s", (_name, listing) => {
    expect(decideChange("row", outputsOf(v2), inputsOf({ listing }))).toEqual({ kind: "update" });
  });

  test.each(CHANGES)("V1 replaces, new one first: %s", (_name, listing) => {
    expect(decideChange("row", outputsOf(v1), inputsOf({ wallet: V1, listing }))).toEqual({
      kind: "replace",
      properties: ["listing"],
      deleteFirst: false,
    });
  });

  test("V1 replaces the old one first where that is wanted", () => {
    const news = inputsOf({ wallet: V1, listing: { name: "Other" }, v1Replacement: "delete-first" });
    expect(decideChange("row", outputsOf(v1), news)).toMatchObject({ kind: "replace", deleteFirst: true });
  });

  test.each<[string, Partial<RegistrationInputs>]>([
    ["nothing", {}],
    ["where messages are shown", { resourceUrn: "urn:other" }],
    ["settleSeconds", { settleSeconds: 99 }],
    ["how the agent is asked", { probe: { allowPrivate: false, timeoutSeconds: 9 } }],
    ["v1Replacement", { v1Replacement: "delete-first" }],
    ["the spelling of the marker", { marker: marker("other", "other") }],
    ["the agent's id", { agentId: "renamed" }],
    ["the wallet's address", { wallet: { ...V2, address: "addr_test1y" } }],
    ["adopt", { adopt: "some-row" }],
    ["the order of tags", { listing: { ...LISTING, tags: LISTING.tags.toReversed() } }],
    ["empty texts", { listing: { ...LISTING, legal: { ...LISTING.legal, other: "" } } }],
    [
      "zeros and the name of lovelace",
      {
        listing: {
          ...LISTING,
          pricing: { type: "fixed", prices: [{ amount: "005000000", unit: "lovelace" }] },
        },
      },
    ],
    ["a recovery of another row", { recover: { rowId: "another", state: "RegistrationFailed", error: "e" } }],
    [
      "a recovery from a state that is well",
      { recover: { rowId: "row", state: "RegistrationConfirmed", error: "" } },
    ],
    ["no payment source named", { sourceAddress: undefined as unknown as string }],
  ])("no change on the chain: %s", (_name, changes) => {
    expect(decideChange("row", outputsOf(v2), { ...v2, ...changes })).toEqual({ kind: "none" });
  });

  test.each<[string, Partial<RegistrationInputs>]>([
    ["URL", { listing: { ...LISTING, apiBaseUrl: UNKNOWN } }],
    ["listing", { listing: UNKNOWN as unknown as Listing }],
    ["pricing", { listing: { ...LISTING, pricing: UNKNOWN as unknown as Listing["pricing"] } }],
    [
      "amount",
      { listing: { ...LISTING, pricing: { type: "fixed", prices: [{ amount: UNKNOWN, unit: "" }] } } },
    ],
    ["wallet", { wallet: UNKNOWN as unknown as RegistrationInputs["wallet"] }],
    ["payment source", { sourceAddress: UNKNOWN }],
    ["network", { network: UNKNOWN as "Preprod" }],
  ])("what is not known yet plans nothing: %s", (_name, changes) => {
    for (const inputs of [v1, v2]) {
      const wallet = changes.wallet ?? inputs.wallet;
      expect(decideChange("row", outputsOf(inputs), { ...inputs, ...changes, wallet })).toEqual({
        kind: "none",
      });
    }
  });

  test("a known change beside an unknown URL is planned", () => {
    const news = inputsOf({ listing: { apiBaseUrl: UNKNOWN, name: "Other" } });
    expect(decideChange("row", outputsOf(v2), news)).toEqual({ kind: "update" });
  });

  test.each([
    ["wallet", { wallet: EMPTY_V2 }],
    ["network", { network: "Mainnet" as const }],
  ])("another %s is another registration", (property, changes) => {
    expect(decideChange("row", outputsOf(v2), { ...v2, ...changes })).toEqual({
      kind: "replace",
      properties: [property],
      deleteFirst: false,
    });
  });

  test("another payment source is an update", () => {
    expect(decideChange("row", outputsOf(v2), { ...v2, sourceAddress: "addr_test1other" })).toEqual({
      kind: "update",
    });
  });

  test("a V2 row that lost our marker gets it back; one that was adopted without it is left alone", () => {
    const olds = outputsOf(v2, { marker: "" });
    expect(decideChange("row", olds, v2)).toEqual({ kind: "update" });
    expect(decideChange("row", olds, { ...v2, adopt: "row" })).toEqual({ kind: "none" });
    expect(decideChange("row", outputsOf(v1, { marker: "" }), v1)).toEqual({ kind: "none" });
  });

  const planned: Record<string, "replace" | "update" | "none"> = {
    RegistrationFailed: "replace",
    DeregistrationRequested: "replace",
    DeregistrationInitiated: "replace",
    DeregistrationConfirmed: "replace",
    UpdateFailed: "update",
  };
  test.each(STATES)("a registration found in %s by the preflight, or by a refresh", (state) => {
    const kind = planned[state] ?? "none";
    const recovering = { ...v2, recover: { rowId: "row", state, error: "" } };
    expect(decideChange("row", outputsOf(v2), recovering)).toMatchObject({ kind });
    expect(decideChange("row", outputsOf(v2, { state }), v2)).toMatchObject({ kind });
  });
});

describe("create", () => {
  const inputs = inputsOf();
  const registration = toRegistration(inputs);
  const own = (changes: Partial<Row> = {}) => rowOf(inputs, changes);
  const foreign = (changes: Partial<Row> = {}) => rowOf(inputs, { id: "foreign", markers: [], ...changes });
  const look = (rows: Row[], more: { adopt?: string; condemned?: string[]; replaced?: string[] } = {}) => {
    const { condemned = [], replaced = [], adopt } = more;
    try {
      const decided = decideCreate({
        registration,
        rows,
        adopt,
        condemned: new Set(condemned),
        replaced: new Set(replaced),
      });
      return decided.kind === "register" ? "register" : `${decided.kind} ${decided.row.id}`;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  const other = { listing: { ...LISTING, name: "Other" } };

  const adoptable = [
    "RegistrationRequested",
    "RegistrationInitiated",
    "RegistrationConfirmed",
    "UpdateRequested",
    "UpdateInitiated",
    "UpdateConfirmed",
  ];
  const stray = ["UpdateFailed", "DeregistrationFailed"];
  test.each(STATES)("our row with this content in state %s", (state) => {
    const expected = adoptable.includes(state)
      ? "adopt row"
      : stray.includes(state)
        ? "OWN_REGISTRATION_DIFFERS"
        : "register";
    expect(look([own({ state })])).toBe(expected);
  });

  test.each<[string, Row[], Parameters<typeof look>[1], string]>([
    ["nothing there", [], {}, "register"],
    ["ours, other content", [own(other)], {}, "OWN_REGISTRATION_DIFFERS"],
    ["ours, other content, being replaced", [own(other)], { replaced: ["row"] }, "register"],
    ["ours, on another wallet", [own({ walletVkey: EMPTY_V2.vkey })], {}, "OWN_REGISTRATION_DIFFERS"],
    ["ours, condemned by this run", [own()], { condemned: ["row"] }, "register"],
    ["a twin of another agent of ours", [own({ markers: [marker(OWNER, "other")] })], {}, "register"],
    [
      "another owner's on the same URL",
      [own({ markers: [marker("them", "theirs")] })],
      {},
      "FOREIGN_REGISTRATION",
    ],
    ["unmarked on the same URL", [foreign()], {}, "FOREIGN_REGISTRATION"],
    [
      "unmarked on the same URL, written otherwise",
      [foreign({ listing: { ...LISTING, apiBaseUrl: "HTTPS://Agent.example.com/api/" } })],
      {},
      "FOREIGN_REGISTRATION",
    ],
    [
      "unmarked on another URL",
      [foreign({ listing: { ...LISTING, apiBaseUrl: "https://b.example" } })],
      {},
      "register",
    ],
    ["unmarked on another wallet", [foreign({ walletVkey: V1.vkey })], {}, "register"],
    ["unmarked and failed", [foreign({ state: "RegistrationFailed" })], {}, "register"],
    ["unmarked and leaving", [foreign({ state: "DeregistrationRequested" })], {}, "register"],
    ["adopted by name", [foreign()], { adopt: "foreign" }, "adopt foreign"],
    [
      "adopted by name, other content",
      [foreign({ ...other, state: "RegistrationConfirmed" })],
      { adopt: "foreign" },
      "adopt-and-update foreign",
    ],
    [
      "adopted by name, other content, pending",
      [foreign({ ...other, state: "RegistrationInitiated" })],
      { adopt: "foreign" },
      "ADOPT_NOT_POSSIBLE",
    ],
    [
      "adopted by name, its update failed",
      [foreign({ state: "UpdateFailed" })],
      { adopt: "foreign" },
      "adopt-and-update foreign",
    ],
    ["adopted by name, ours of other content", [own(other)], { adopt: "row" }, "adopt-and-update row"],
    ["adopted by name, not there", [], { adopt: "foreign" }, "ADOPT_NOT_POSSIBLE"],
    [
      "adopted by name, on another wallet",
      [foreign({ walletVkey: EMPTY_V2.vkey })],
      { adopt: "foreign" },
      "ADOPT_NOT_POSSIBLE",
    ],
    [
      "adopted by name, deregistered",
      [foreign({ state: "DeregistrationConfirmed" })],
      { adopt: "foreign" },
      "ADOPT_NOT_POSSIBLE",
    ],
    ["adopt names the row that is replaced", [own(other)], { adopt: "row", replaced: ["row"] }, "register"],
    [
      "adopt is old, our own row is there",
      [own(), foreign({ state: "DeregistrationConfirmed" })],
      { adopt: "foreign" },
      "adopt row",
    ],
  ])("%s", (_name, rows, more, expected) => {
    expect(look(rows, more)).toBe(expected);
  });

  test("V1 rows of other content are not adopted: they cannot be changed", () => {
    const v1 = toRegistration(inputsOf({ wallet: V1 }));
    const row = rowOf(inputsOf({ wallet: V1, listing: { name: "Other" } }), { id: "foreign", markers: [] });
    const decide = () =>
      decideCreate({
        registration: v1,
        rows: [row],
        adopt: "foreign",
        condemned: new Set(),
        replaced: new Set(),
      });
    expect(decide).toThrowError(/ADOPT_NOT_POSSIBLE.*two fees/s);
  });

  test("of several twins the confirmed and oldest is kept, the others are named", () => {
    const twins = [
      own({ id: "pending", state: "RegistrationRequested", createdAt: "2026-01-01" }),
      own({ id: "young", createdAt: "2026-03-01" }),
      own({ id: "old", createdAt: "2026-02-01" }),
    ];
    const decided = decideCreate({ registration, rows: twins, condemned: new Set(), replaced: new Set() });
    expect(decided).toMatchObject({
      kind: "adopt",
      row: { id: "old" },
      spare: [{ id: "young" }, { id: "pending" }],
    });
  });

  test("a refusal names the row and how to take it over", () => {
    expect(() =>
      decideCreate({ registration, rows: [foreign()], condemned: new Set(), replaced: new Set() }),
    ).toThrowError(/row foreign .*adopt: foreign/s);
  });

  test("content of different V2 payment sources differs, and V1 has none", () => {
    expect(contentOf({ ...registration, sourceAddress: "addr_test1z" })).not.toBe(contentOf(registration));
    expect(registration.sourceAddress).toBe(V2_SOURCE);
    const v1 = { wallet: EMPTY_V1, listing: registration.listing };
    expect(contentOf({ ...v1, sourceAddress: "a" })).toBe(contentOf({ ...v1, sourceAddress: "b" }));
  });
});

describe("burning", () => {
  const request = {
    network: "Preprod" as const,
    agentId: "a",
    isDestroy: false,
    unnamedSoFar: 0,
    allowed: [] as string[],
    allowedByEnvironment: undefined,
  };
  test.each<[string, Partial<Parameters<typeof decideBurn>[0]>, boolean, boolean]>([
    ["the first of a run", {}, true, true],
    ["the third of a run", { unnamedSoFar: 2 }, true, true],
    ["the fourth of a run", { unnamedSoFar: 3 }, false, true],
    ["the fourth, named", { unnamedSoFar: 3, allowed: ["a"] }, true, false],
    ["the fourth, another one named", { unnamedSoFar: 3, allowed: ["b"] }, false, true],
    ["the first on Mainnet", { network: "Mainnet" }, false, true],
    ["named on Mainnet", { network: "Mainnet", allowed: ["a"] }, true, false],
    [
      "the environment says nothing about an up",
      { network: "Mainnet", allowedByEnvironment: "all" },
      false,
      true,
    ],
    ["destroy", { isDestroy: true, unnamedSoFar: 99 }, true, false],
    ["destroy on Mainnet", { isDestroy: true, network: "Mainnet" }, false, false],
    [
      "destroy on Mainnet, named in config only",
      { isDestroy: true, network: "Mainnet", allowed: ["a"] },
      false,
      false,
    ],
    [
      "destroy on Mainnet, named",
      { isDestroy: true, network: "Mainnet", allowedByEnvironment: "b, a" },
      true,
      false,
    ],
    [
      "destroy on Mainnet, all",
      { isDestroy: true, network: "Mainnet", allowedByEnvironment: "all" },
      true,
      false,
    ],
  ])("%s", (_name, changes, allowed, counts) => {
    expect(decideBurn({ ...request, ...changes })).toEqual({ allowed, counts });
  });
});

test("a state of a newer service is waited on, and never adopted", () => {
  expect(isSettled("SomethingNewRequested")).toBe(false);
  const inputs = inputsOf();
  const rows = [rowOf(inputs, { state: "SomethingNewRequested" })];
  const decide = () =>
    decideCreate({ registration: toRegistration(inputs), rows, condemned: new Set(), replaced: new Set() });
  expect(decide).toThrowError(/OWN_REGISTRATION_DIFFERS/);
});
