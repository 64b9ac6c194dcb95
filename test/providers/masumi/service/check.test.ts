import { expect, test } from "vitest";
import { LIMITS, checkRegistration } from "../../../../providers/masumi/service/rules/check.ts";
import type { RegistrationInputs } from "../../../../providers/masumi/resources/inputs.ts";
import { marker } from "../../../../providers/masumi/service/marker.ts";
import type { X402Source } from "../../../../providers/masumi/service/model.ts";
import { UNKNOWN } from "../../../../providers/masumi/service/unknown.ts";
import { V1, inputsOf } from "../inputs.ts";

const long = (length: number) => "x".repeat(length);
const prices = (...amounts: string[]) => ({
  type: "fixed" as const,
  prices: amounts.map((amount, index) => ({ amount, unit: index === 0 ? "" : `${index}`.repeat(56) })),
});
const unit = (unit: string) => ({ type: "fixed" as const, prices: [{ amount: "1", unit }] });
const example = (changes: object) => ({
  exampleOutputs: [{ name: "n", url: "u", mimeType: "m", ...changes }],
});

test.each<[string, RegistrationInputs]>([
  ["a V2 agent", inputsOf()],
  ["a V1 agent without payment source", inputsOf({ wallet: V1 })],
  [
    "everything as long as it may be",
    inputsOf({
      listing: {
        name: long(LIMITS.text),
        description: long(LIMITS.text),
        apiBaseUrl: `https://a.example/${long(LIMITS.text - 18)}`,
        tags: Array.from({ length: LIMITS.tags }, (_, index) => `${index}`.padEnd(LIMITS.tag, "t")),
        pricing: prices("1", "9223372036854775807", "3", "4", "5"),
        exampleOutputs: Array.from({ length: LIMITS.exampleOutputs }, () => ({
          name: long(60),
          url: long(250),
          mimeType: long(60),
        })),
      },
    }),
  ],
  ["tags of just 64 bytes", inputsOf({ listing: { tags: ["я".repeat(32), "🙂".repeat(16)] } })],
  ["a description of several lines", inputsOf({ listing: { description: "One.\nTwo." } })],
  [
    "texts of many bytes that are put on the chain in pieces",
    inputsOf({ listing: { name: "漢".repeat(250) } }),
  ],
  ["no tags of its own", inputsOf({ listing: { tags: [] } })],
  ["an empty description", inputsOf({ listing: { description: "" } })],
  ["a price in a token", inputsOf({ listing: { pricing: unit(`${"a".repeat(56)}0014df10`) } })],
  ["an unknown listing", { ...inputsOf(), listing: UNKNOWN as unknown as RegistrationInputs["listing"] }],
  ["an unknown wallet", { ...inputsOf(), wallet: UNKNOWN as unknown as RegistrationInputs["wallet"] }],
  ["an unknown URL", inputsOf({ listing: { apiBaseUrl: UNKNOWN } })],
  ["an unknown payment source", inputsOf({ sourceAddress: UNKNOWN })],
  ["an unknown vkey", inputsOf({ wallet: { type: "V1", vkey: UNKNOWN } })],
  [
    "unknown amounts and units",
    inputsOf({ listing: { pricing: { type: "fixed", prices: [{ amount: UNKNOWN, unit: UNKNOWN }] } } }),
  ],
  ["an unknown network", inputsOf({ network: UNKNOWN as "Preprod" })],
])("%s passes", (_name, inputs) => {
  expect(checkRegistration(inputs)).toEqual([]);
});

test.each<[string, RegistrationInputs, string]>([
  ["an empty agent id", inputsOf({ agentId: "", marker: "m" }), "agentId"],
  ["a tag of 66 bytes", inputsOf({ listing: { tags: ["a", "я".repeat(33)] } }), "listing.tags[1]"],
  ["a marker of 66 bytes", inputsOf({ marker: "я".repeat(33) }), "marker"],
  ["a NUL in the name", inputsOf({ listing: { name: "a\0b" } }), "listing.name"],
  ["a line break in the name", inputsOf({ listing: { name: "a\nb" } }), "listing.name"],
  ["an escape in the description", inputsOf({ listing: { description: "a\u001bb" } }), "listing.description"],
  ["a control character in a tag", inputsOf({ listing: { tags: ["a\u0085b"] } }), "listing.tags[0]"],
  [
    "a control character in the author's name",
    inputsOf({ listing: { author: { name: "a\u0007b" } } }),
    "listing.author.name",
  ],
  [
    "half a character in legal texts",
    inputsOf({ listing: { legal: { other: "a\ud800" } } }),
    "listing.legal.other",
  ],
  ["an empty marker", inputsOf({ marker: "" }), "marker"],
  ["a private URL on Mainnet", inputsOf({ network: "Mainnet" }), "probe.allowPrivate"],
  ["a network in lower case", inputsOf({ network: "preprod" as "Preprod" }), "network"],
  ["an upper-case vkey", inputsOf({ wallet: { ...V1, vkey: V1.vkey.toUpperCase() } }), "wallet.vkey"],
  ["a V2 wallet without payment source", { ...inputsOf(), sourceAddress: "" }, "sourceAddress"],
  ["an unknown wallet type", inputsOf({ wallet: { ...V1, type: "V3" as "V1" } }), "wallet.type"],
  ["an empty name", inputsOf({ listing: { name: "" } }), "listing.name"],
  ["a name of 251 UTF-16 units", inputsOf({ listing: { name: `${"😀".repeat(125)}x` } }), "listing.name"],
  ["a long description", inputsOf({ listing: { description: long(251) } }), "listing.description"],
  ["a URL that is none", inputsOf({ listing: { apiBaseUrl: "agent" } }), "listing.apiBaseUrl"],
  ["a URL that is not http", inputsOf({ listing: { apiBaseUrl: "ftp://a.example" } }), "listing.apiBaseUrl"],
  [
    "a long capability",
    inputsOf({ listing: { capability: { name: long(251), version: "1" } } }),
    "listing.capability.name",
  ],
  [
    "15 tags beside the marker",
    inputsOf({ listing: { tags: Array.from({ length: 15 }, (_, i) => `t${i}`) } }),
    "listing.tags",
  ],
  ["a tag of 64", inputsOf({ listing: { tags: ["ok", long(64)] } }), "listing.tags[1]"],
  ["somebody's marker", inputsOf({ listing: { tags: [marker("o", "a")] } }), "listing.tags[0]"],
  ["an empty tag", inputsOf({ listing: { tags: [""] } }), "listing.tags[0]"],
  [
    "a long contact",
    inputsOf({ listing: { author: { name: "a", contactOther: long(251) } } }),
    "listing.author.contactOther",
  ],
  ["long terms", inputsOf({ listing: { legal: { terms: long(251) } } }), "listing.legal.terms"],
  ["no price", inputsOf({ listing: { pricing: { type: "fixed", prices: [] } } }), "listing.pricing.prices"],
  [
    "six prices",
    inputsOf({ listing: { pricing: prices("1", "2", "3", "4", "5", "6") } }),
    "listing.pricing.prices",
  ],
  ["a price of nothing", inputsOf({ listing: { pricing: prices("0") } }), "listing.pricing.prices[0].amount"],
  [
    "a price above int64",
    inputsOf({ listing: { pricing: prices("9223372036854775808") } }),
    "listing.pricing.prices[0].amount",
  ],
  ["a decimal price", inputsOf({ listing: { pricing: prices("1.5") } }), "listing.pricing.prices[0].amount"],
  [
    "an upper-case unit",
    inputsOf({ listing: { pricing: unit("A".repeat(56)) } }),
    "listing.pricing.prices[0].unit",
  ],
  ["a unit too short", inputsOf({ listing: { pricing: unit("ab") } }), "listing.pricing.prices[0].unit"],
  [
    "two prices in ADA",
    inputsOf({
      listing: {
        pricing: {
          type: "fixed",
          prices: [
            { amount: "1", unit: "" },
            { amount: "2", unit: "" },
          ],
        },
      },
    }),
    "listing.pricing.prices[1].unit",
  ],
  [
    "a pricing that is none",
    inputsOf({ listing: { pricing: { type: "gratis" } as unknown as { type: "free" } } }),
    "listing.pricing.type",
  ],
  [
    "26 examples",
    inputsOf({
      listing: { exampleOutputs: Array.from({ length: 26 }, () => ({ name: "", url: "", mimeType: "" })) },
    }),
    "listing.exampleOutputs",
  ],
  [
    "a long example name",
    inputsOf({ listing: example({ name: long(61) }) }),
    "listing.exampleOutputs[0].name",
  ],
  ["a long example URL", inputsOf({ listing: example({ url: long(251) }) }), "listing.exampleOutputs[0].url"],
  [
    "a long MIME type",
    inputsOf({ listing: example({ mimeType: long(61) }) }),
    "listing.exampleOutputs[0].mimeType",
  ],
  [
    "a mistyped digit in whom x402 pays",
    inputsOf({
      listing: {
        sources: [
          {
            network: "eip155:8453",
            scheme: "Exact",
            payTo: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAef",
            pricing: { type: "free" },
          },
        ],
      },
    }),
    "listing.sources[0].payTo",
  ],
  [
    "a fixed price by x402 in no token",
    inputsOf({
      listing: {
        sources: [
          {
            network: "eip155:8453",
            scheme: "Exact",
            payTo: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            pricing: { type: "fixed", amount: "1", decimals: 6 } as unknown as X402Source["pricing"],
          },
        ],
      },
    }),
    "listing.sources[0].pricing.asset",
  ],
])("%s is refused", (_name, inputs, property) => {
  const failures = checkRegistration(inputs);
  expect(failures.map((failure) => failure.property)).toEqual([property]);
  expect(failures[0]?.reason).not.toBe("");
});

test("all problems are told at once", () => {
  const inputs = inputsOf({
    listing: { name: "", description: long(251), apiBaseUrl: "x", tags: ["", long(64)] },
  });
  expect(checkRegistration(inputs).map(({ property }) => property)).toEqual([
    "listing.name",
    "listing.description",
    "listing.apiBaseUrl",
    "listing.tags[0]",
    "listing.tags[1]",
  ]);
});
