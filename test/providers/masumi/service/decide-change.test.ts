import { describe, expect, test } from "vitest";
import { normaliseListing } from "../../../../providers/masumi/service/rules/content.ts";
import type { RegistrationInputs } from "../../../../providers/masumi/resources/inputs.ts";
import { UNKNOWN } from "../../../../providers/masumi/service/unknown.ts";
import { marker } from "../../../../providers/masumi/service/marker.ts";
import { type Listing, STATES } from "../../../../providers/masumi/service/model.ts";
import { decideChange } from "../../../../providers/masumi/service/rules/decisions.ts";
import { CHANGES, outputsOf } from "../entries.ts";
import { EMPTY_V2, LISTING, V1, V2, inputsOf } from "../inputs.ts";

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
    ["a recovery of another row", { recover: [{ rowId: "another", state: "RegistrationFailed" }] }],
    ["a recovery from a state that is well", { recover: [{ rowId: "row", state: "RegistrationConfirmed" }] }],
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

  test("what is not known yet leaves a check as it came", () => {
    const prices = [{ amount: UNKNOWN, unit: UNKNOWN }];
    const unknown = inputsOf({ listing: { apiBaseUrl: UNKNOWN, pricing: { type: "fixed", prices } } });
    expect(normaliseListing(unknown.listing)).toMatchObject({ apiBaseUrl: UNKNOWN, pricing: { prices } });
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
    const recovering = {
      ...v2,
      recover: [
        { rowId: "another", state: "RegistrationConfirmed" },
        { rowId: "row", state },
      ],
    };
    expect(decideChange("row", outputsOf(v2), recovering)).toMatchObject({ kind });
    expect(decideChange("row", outputsOf(v2, { state }), v2)).toMatchObject({ kind });
  });
});

describe("diff of a listing that is not a standard agent's", () => {
  const openapi = inputsOf({ listing: { type: "openapi" } });
  const a2a = inputsOf({ listing: { type: "a2a" } });
  const replaced = { kind: "replace", properties: ["listing"], deleteFirst: false };

  test.each(CHANGES.filter(([name]) => name !== "URL"))("replaces: %s", (_name, listing) => {
    for (const { listing: typed } of [openapi, a2a]) {
      const olds = outputsOf(inputsOf({ listing: typed }));
      expect(decideChange("row", olds, inputsOf({ listing: { ...typed, ...listing } }))).toEqual(replaced);
    }
  });

  test.each<[string, Partial<Listing>, Partial<Listing>]>([
    ["a type that comes", {}, { type: "openapi" }],
    ["a type that goes", { type: "openapi" }, {}],
    ["another type", { type: "openapi" }, { type: "x402" }],
    ["another document", { type: "openapi" }, { type: "openapi", documentUrl: "https://a.example/spec" }],
    ["another version of A2A", { type: "a2a" }, { type: "a2a", protocolVersions: ["1.0", "1.1"] }],
    ["the URL of an A2A agent", { type: "a2a" }, { type: "a2a", apiBaseUrl: "https://other.example" }],
  ])("replaces: %s", (_name, before, after) => {
    const olds = outputsOf(inputsOf({ listing: before }));
    expect(decideChange("row", olds, inputsOf({ listing: after }))).toEqual(replaced);
  });

  test.each<[string, Partial<Listing>]>([
    ["nothing", {}],
    ["the type of a standard agent said", { type: "standard" }],
    ["the usual document said", { type: "openapi", documentUrl: `${LISTING.apiBaseUrl}/openapi.json` }],
    ["the usual version said", { type: "a2a", protocolVersions: ["1.0"] }],
    ["an unknown URL", { type: "openapi", apiBaseUrl: UNKNOWN }],
    ["an unknown document", { type: "openapi", documentUrl: UNKNOWN }],
    ["an unknown type", { type: UNKNOWN as "openapi" }],
  ])("no change on the chain: %s", (_name, listing) => {
    const { type } = listing;
    const before = inputsOf({
      listing: type && type !== "standard" && type !== (UNKNOWN as string) ? { type } : {},
    });
    expect(decideChange("row", outputsOf(before), inputsOf({ listing }))).toEqual({ kind: "none" });
  });

  test("an unknown listing, or type, plans nothing for an agent of any type", () => {
    for (const listing of [
      UNKNOWN as unknown as Listing,
      { ...openapi.listing, type: UNKNOWN as "openapi" },
    ]) {
      expect(decideChange("row", outputsOf(openapi), { ...openapi, listing })).toEqual({ kind: "none" });
    }
  });

  test("one that was adopted without our marker is left alone: it could only be paid for again", () => {
    expect(decideChange("row", outputsOf(openapi, { marker: "" }), openapi)).toEqual({ kind: "none" });
  });
});

describe("diff of payment sources on EVM chains", () => {
  const source = {
    network: "eip155:84532",
    scheme: "Exact",
    payTo: `0x${"Ab".repeat(20)}`,
    extra: { name: "USDC", version: "2" },
    pricing: { type: "fixed", asset: `0x${"Cd".repeat(20)}`, amount: "1000000", decimals: 6 },
  } as const;
  const other = { ...source, network: "eip155:8453", pricing: { type: "free" } } as const;
  const before = inputsOf({ listing: { sources: [source, other] } });

  test.each<[string, Listing["sources"]]>([
    ["none any more", []],
    ["one less", [source]],
    ["another price", [{ ...source, pricing: { ...source.pricing, amount: "2000000" } }, other]],
    ["another address", [{ ...source, payTo: `0x${"ef".repeat(20)}` }, other]],
    ["other extra", [{ ...source, extra: { name: "USDC", version: "1" } }, other]],
  ])("updates in place: %s", (_name, sources) => {
    expect(decideChange("row", outputsOf(before), inputsOf({ listing: { sources } }))).toEqual({
      kind: "update",
    });
  });

  test("the first ones are an update", () => {
    expect(decideChange("row", outputsOf(inputsOf()), before)).toEqual({ kind: "update" });
  });

  test.each<[string, Listing["sources"]]>([
    ["another order", [other, source]],
    ["addresses in lower case", [{ ...source, payTo: source.payTo.toLowerCase() }, other]],
    ["extra in another order", [{ ...source, extra: { version: "2", name: "USDC" } }, other]],
    ["what is not known yet", [{ ...source, payTo: UNKNOWN }, other]],
  ])("no change on the chain: %s", (_name, sources) => {
    expect(decideChange("row", outputsOf(before), inputsOf({ listing: { sources } }))).toEqual({
      kind: "none",
    });
  });
});
