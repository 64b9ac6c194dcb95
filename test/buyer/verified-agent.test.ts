import { describe, expect, it } from "vitest";
import { paymentInformation } from "../../buyer/agent-wire.ts";
import { chainEntry } from "../../buyer/purchase-wire.ts";
import { verifyAgent } from "../../buyer/verified-agent.ts";
import { assetTable } from "../../infra/declarations/index.ts";

const URL = "https://agent.example.com";
const source = (changes: object = {}) => ({
  chain: "Cardano",
  network: "Preprod",
  paymentSourceType: "Web3CardanoV2",
  pricing: { pricingType: "Fixed", fixed: [{ asset: "", amount: "5" }] },
  ...changes,
});
const entry = (Metadata: object = {}) =>
  chainEntry.parse({
    agentIdentifier: "agent",
    Metadata: { name: "Seller", apiBaseUrl: URL, supportedPaymentSources: [source()], ...Metadata },
  });
const claims = (information: object = {}, sourceIndex?: number) => ({
  url: URL,
  network: "Preprod" as const,
  information: paymentInformation.parse({ agentIdentifier: "agent", ...information }),
  sourceIndex,
  assets: assetTable("Preprod"),
});

describe("an agent's claims and the chain", () => {
  it.each<[string, object]>([
    ["another spelling of the URL", { apiBaseUrl: "HTTPS://Agent.Example.com/" }],
    ["an entry that shows only its document", { apiBaseUrl: null, openApiSpecUrl: `${URL}/openapi.json` }],
    [
      "an entry whose URL is its document's",
      { apiBaseUrl: `${URL}/.well-known/x402.json`, x402ResourcesUrl: `${URL}/.well-known/x402.json` },
    ],
    [
      "further payment sources of other chains",
      { supportedPaymentSources: [source({ chain: "Base" }), source()] },
    ],
    [
      "a payment source as no release has shown it",
      {
        supportedPaymentSources: [source({ pricing: { pricingType: 7 } }), source({ chain: null }), source()],
      },
    ],
  ])("agree, in spite of %s", (_, metadata) => {
    expect(verifyAgent(entry(metadata), claims())).toMatchObject({
      name: "Seller",
      pricing: { type: "fixed", funds: [{ unit: "", amount: "5" }] },
    });
  });

  it.each<[string, object, object, number | undefined, RegExp]>([
    ["the URL's path", { apiBaseUrl: `${URL}/other` }, {}, undefined, /URL: reached at/],
    [
      "the document's place",
      { apiBaseUrl: null, openApiSpecUrl: "https://other.example.com/openapi.json" },
      {},
      undefined,
      /the registry says https:\/\/other\.example\.com/,
    ],
    ["the URL that the chain does not have", { apiBaseUrl: null }, {}, undefined, /the registry says none/],
    ["the network", {}, { network: "Mainnet" }, undefined, /network: the agent says Mainnet/],
    ["the contract", {}, { paymentSourceType: "Web3CardanoV1" }, undefined, /contract: the agent says/],
    [
      "the price, by one",
      {},
      { pricing: { pricingType: "Fixed", Pricing: [{ unit: "", amount: "4" }] } },
      undefined,
      /price: the agent says 0\.000004 ADA, the registry says 0\.000005 ADA/,
    ],
    [
      "the chain of the payment source that it names",
      { supportedPaymentSources: [source(), source({ chain: "Base" })] },
      {},
      1,
      /payment source 1 of the registry is not one of Cardano's V2 contract/,
    ],
    [
      "the network of its payment source",
      { supportedPaymentSources: [source({ network: "Mainnet" })] },
      {},
      undefined,
      /payment source 0 is on Mainnet, you pay on Preprod/,
    ],
  ])("differ in %s", (_, metadata, information, index, message) => {
    expect(() => verifyAgent(entry(metadata), claims(information, index))).toThrow(
      expect.objectContaining({
        code: "HIRE_TERMS_DIFFER",
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });

  it.each<[string, object, number | undefined]>([
    ["a payment source that is not there", {}, 7],
    [
      "a kind of price that nobody knows",
      { supportedPaymentSources: [source({ pricing: { pricingType: "Auction" } })] },
      undefined,
    ],
    [
      "a fixed price of nothing",
      { supportedPaymentSources: [source({ pricing: { pricingType: "Fixed", fixed: [] } })] },
      undefined,
    ],
  ])("tell no price: %s", (_, metadata, index) => {
    expect(() => verifyAgent(entry(metadata), claims({}, index))).toThrow(
      expect.objectContaining({ code: "HIRE_PRICE_UNKNOWN" }) as Error,
    );
  });
});
