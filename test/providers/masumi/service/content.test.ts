import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  changedFields,
  contentOf,
  digestOf,
  hasDigest,
  normaliseListing,
  shows,
} from "../../../../providers/masumi/service/rules/content.ts";
import { fromEntry, toRegisterBody } from "../../../../providers/masumi/service/client/convert.ts";
import { UNKNOWN } from "../../../../providers/masumi/service/unknown.ts";
import type { Listing } from "../../../../providers/masumi/service/model.ts";
import { toOutputs, toRegistration } from "../../../../providers/masumi/resources/registration-common.ts";
import { decideChange } from "../../../../providers/masumi/service/rules/decisions.ts";
import { CHANGES, rowOf, serve } from "../entries.ts";
import { EMPTY_V1, LISTING, V1, V2, V2_SOURCE, inputsOf } from "../inputs.ts";

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
        const olds = toOutputs(inputs, row, "1");
        const { listing: live, sourceAddress } = row;
        expect(digestOf({ wallet, listing: live, sourceAddress })).toBe(olds.content);
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

/** The same fields, with a text in each that is not known yet. */
const unknownLike = (listing: Partial<Listing>) =>
  Object.fromEntries(Object.keys(listing).map((field) => [field, UNKNOWN_OF[field as keyof Listing]]));
const UNKNOWN_OF: Listing = {
  name: UNKNOWN,
  description: UNKNOWN,
  apiBaseUrl: UNKNOWN,
  capability: { name: "market-research", version: UNKNOWN },
  tags: ["research", UNKNOWN],
  author: { name: "Example GmbH", contactEmail: UNKNOWN },
  legal: { terms: UNKNOWN },
  pricing: { type: "fixed", prices: [{ amount: UNKNOWN, unit: "" }] },
  exampleOutputs: [{ ...LISTING.exampleOutputs[0], url: UNKNOWN }],
};

describe("what differs", () => {
  const content = (listing: Partial<Listing> = {}, sourceAddress = V2_SOURCE) => ({
    wallet: V2,
    listing: { ...LISTING, ...listing },
    sourceAddress,
  });

  test.each(CHANGES)("%s", (_name, listing, field) => {
    expect(changedFields(content(), content(listing))).toEqual([field]);
    expect(changedFields(content(listing), content())).toEqual([field]);
    expect(contentOf(content(listing))).not.toBe(contentOf(content()));
  });

  test.each(CHANGES)("also by digest: %s", (_name, listing) => {
    const digest = digestOf(content());
    expect(hasDigest(content(), digest)).toBe(true);
    expect(hasDigest(content(listing), digest)).toBe(false);
    expect(hasDigest(content({ ...listing, ...unknownLike(listing) }), digest)).toBe(true);
  });

  /** Part of every state: another one would be a change of every registration ever made. */
  test("the digest of a content never changes", () => {
    expect(digestOf(content())).toBe(
      "4aBNlxNVpV.HYwx-cK-zZ.yextErX0dV.bDXHIv-YDQ.M2jLJx9mU7.jZbBwwj0Vy.FTjN-uzxao.CPJA65uUsX.vMr-LJzZiv.RChawyHzt9",
    );
    expect(digestOf({ wallet: V1, listing: LISTING })).toBe(
      "4aBNlxNVpV.HYwx-cK-zZ.yextErX0dV.bDXHIv-YDQ.M2jLJx9mU7.jZbBwwj0Vy.FTjN-uzxao.CPJA65uUsX.vMr-LJzZiv",
    );
  });

  test("several fields are named in a fixed order, and nothing by nothing", () => {
    const changed = content({ exampleOutputs: [], name: "Other" }, "addr_test1z");
    expect(changedFields(content(), changed)).toEqual(["name", "exampleOutputs", "sourceAddress"]);
    expect(changedFields(content(), content({ tags: LISTING.tags.toReversed() }))).toEqual([]);
  });

  test("a row on another wallet does not show a registration, whatever its content", () => {
    const inputs = inputsOf();
    expect(shows(rowOf(inputs), toRegistration(inputs))).toBe(true);
    expect(shows(rowOf(inputs, { walletVkey: EMPTY_V1.vkey }), toRegistration(inputs))).toBe(false);
  });

  test("V2 payment sources differ, and V1 has none", () => {
    const registration = toRegistration(inputsOf());
    expect(contentOf({ ...registration, sourceAddress: "addr_test1z" })).not.toBe(contentOf(registration));
    expect(registration.sourceAddress).toBe(V2_SOURCE);
    const v1 = { wallet: EMPTY_V1, listing: registration.listing };
    expect(contentOf({ ...v1, sourceAddress: "a" })).toBe(contentOf({ ...v1, sourceAddress: "b" }));
  });
});

describe("what no declaration can say", () => {
  const declared = inputsOf();
  const at = (listing: object) => ({ ...declared, listing: { ...declared.listing, ...listing } });

  test.each<[string, object]>([
    ["a slash at the end of the URL", { apiBaseUrl: `${declared.listing.apiBaseUrl}/` }],
    ["blanks around a text", { name: ` ${declared.listing.name}\n` }],
    [
      "an empty tag, and one that is there twice",
      { tags: [...declared.listing.tags, "", declared.listing.tags[0]] },
    ],
  ])("%s is no difference, and not in the state's digest", (_what, listing) => {
    expect(changedFields(at(listing), declared)).toEqual([]);
    expect(digestOf(at(listing))).toBe(digestOf(declared));
  });

  test.each<[string, object]>([
    ["another path", { apiBaseUrl: `${declared.listing.apiBaseUrl}/v2` }],
    ["blanks within a text", { name: declared.listing.name.replace(" ", "  ") }],
  ])("%s is one", (_what, listing) => {
    expect(changedFields(at(listing), declared)).toHaveLength(1);
  });
});
