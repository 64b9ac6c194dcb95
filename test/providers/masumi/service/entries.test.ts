import { describe, expect, test } from "vitest";
import {
  describeIssue,
  paymentSourcesOf,
  paymentsOf,
  RegistrationReader,
} from "../../../../providers/masumi/service/client/entries.ts";
import { MasumiClient } from "../../../../providers/masumi/service/client/client.ts";
import { toRegisterBody } from "../../../../providers/masumi/service/client/convert.ts";
import { apiKeyStatus } from "../../../../providers/masumi/service/client/wire.ts";
import type { SkippedEntry } from "../../../../providers/masumi/service/model.ts";
import { openPayment, isPaymentOf } from "../../../../providers/masumi/service/reads/payments.ts";
import { toRegistration } from "../../../../providers/masumi/resources/registration-common.ts";
import { rowOf, serve } from "../entries.ts";
import { inputsOf } from "../inputs.ts";
import { startServer } from "../servers.ts";

const inputs = inputsOf();
const entry = (changes: object) =>
  ({ ...serve(toRegisterBody(toRegistration(inputs))), ...changes }) as { id: string };

describe("a way to pay on an EVM chain", () => {
  const source = (amount: string, decimals: number) => ({
    chain: "EVM",
    network: "eip155:8453",
    scheme: "Exact",
    payTo: `0x${"1".repeat(40)}`,
    pricing: { pricingType: "Fixed", fixed: [{ asset: `0x${"2".repeat(40)}`, amount, decimals }] },
  });

  test.each([
    ["an amount that is none", "1e6", 6],
    ["an amount below zero", "-1", 6],
    ["decimals below zero", "1", -1],
    ["more decimals than a token can have", "1", 1_000_000_000],
  ])("of %s makes the entry unreadable, and nothing computes with it", (_, amount, decimals) => {
    const skipped: SkippedEntry[] = [];
    const rows = new RegistrationReader().rowsOf(
      [
        entry({ id: "1", supportedPaymentSources: [source("1000000", 6)] }),
        entry({ id: "2", supportedPaymentSources: [source(amount, decimals)] }),
      ],
      (one) => skipped.push(one),
    );
    expect(rows.map(({ id }) => id)).toEqual(["1"]);
    expect(skipped.map(({ id }) => id)).toEqual(["2"]);
  });
});

describe("a list of registrations", () => {
  test("has those of every known type, of the next release too, and names the others", () => {
    const skipped: SkippedEntry[] = [];
    const rows = new RegistrationReader().rowsOf(
      [
        entry({ id: "1" }),
        entry({ id: "2", type: "Standard", openApiSpecUrl: null, x402ResourcesUrl: null }),
        entry({ id: "3", type: "OpenApi", apiBaseUrl: null }),
        entry({ id: "4", type: "Acp" }),
        entry({ id: "5", Tags: ["x", 7, inputs.marker], name: 8, state: "DeregistrationConfirmed" }),
        { id: "6" },
        entry({ id: "7", type: "OpenApi", apiBaseUrl: null, openApiSpecUrl: "https://a.example/spec.yaml" }),
        entry({
          id: "8",
          type: "A2A",
          a2aAgentCardUrl: "https://a.example/card",
          a2aProtocolVersions: ["1.0"],
        }),
      ],
      (one) => skipped.push(one),
    );
    expect(rows.map(({ id }) => id)).toEqual(["1", "2", "7", "8"]);
    expect(rows.map(({ listing: { type = "standard" } }) => type)).toEqual([
      "standard",
      "standard",
      "openapi",
      "a2a",
    ]);
    const { marker } = inputs;
    const name = "Market Researcher";
    expect(skipped).toEqual([
      {
        id: "3",
        name,
        state: "RegistrationConfirmed",
        markers: [marker],
        problem: "openApiSpecUrl: missing, though it is of the type OpenApi",
      },
      { id: "4", name, state: "RegistrationConfirmed", markers: [marker], problem: "it is of the type Acp" },
      {
        id: "5",
        name: "",
        state: "DeregistrationConfirmed",
        markers: [marker],
        problem: expect.stringMatching(/^name: .*string/),
      },
      { id: "6", name: "", state: "", markers: [], problem: expect.stringMatching(/^name: .*string/) },
    ]);
  });

  test("has what has changed since the last list, and what was not understood", () => {
    const reader = new RegistrationReader();
    const [first] = reader.rowsOf([entry({ id: "1" })]);
    const skipped: string[] = [];
    const rows = reader.rowsOf(
      [entry({ id: "1", name: "Renamed" }), entry({ id: "2", name: 5 })],
      ({ id }) => void skipped.push(id),
    );
    expect(rows).toEqual([{ ...first, listing: { ...first?.listing, name: "Renamed" } }]);
    expect(skipped).toEqual(["2"]);
    expect(reader.rowsOf([entry({ id: "1" })])).toEqual([first]);
  });

  test("without anybody who wants to know is read all the same", () => {
    expect(new RegistrationReader().rowsOf([{ id: "1" }])).toEqual([]);
  });
});

test("a payment source of a kind that nobody knows hides no other", () => {
  const known = {
    id: "1",
    network: "Preprod",
    paymentSourceType: "Web3CardanoV2",
    smartContractAddress: "addr",
  };
  const unknown = { id: "2", network: "Preprod", paymentSourceType: "Hydra", smartContractAddress: null };
  expect(paymentSourcesOf([unknown, known])).toEqual([known]);
});

describe("a payment that cannot be read", () => {
  const row = rowOf(inputs, { agentIdentifier: "ab".repeat(60), walletVkey: "wallet" });
  const read = (payment: object) => {
    const [one] = paymentsOf([{ id: "p", NextAction: "odd", ...payment }]);
    if (!one) throw new Error("no payment");
    return one;
  };

  test.each([
    ["the agent's own", { agentIdentifier: row.agentIdentifier }, true],
    ["another agent's", { agentIdentifier: "cd".repeat(60) }, false],
    ["of the agent's wallet", { agentIdentifier: 7, SmartContractWallet: { walletVkey: "wallet" } }, true],
    ["of another wallet", { agentIdentifier: null, SmartContractWallet: { walletVkey: "other" } }, false],
    ["of nobody knows whom", { SmartContractWallet: 3 }, true],
  ])("counts as open where it may be this agent's: %s", (_whose, payment, isIts) => {
    const one = read(payment);
    expect(isPaymentOf(row, one)).toBe(isIts);
    expect(openPayment(one, Date.now())).toEqual({ id: "p", state: "unreadable", until: undefined });
  });
});

describe("an answer with something odd in it", () => {
  const answering = (data: unknown) =>
    startServer((_request, response) => {
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ status: "success", data }));
    });
  const clientOf = (url: string) => new MasumiClient({ url: `${url}/api/v1`, token: "a-token-of-a-test" });

  test("has the balance in ADA, whatever else is at the address", async () => {
    await using server = await answering({
      Balance: [{ unit: null }, { unit: "lovelace", quantity: "7" }, { unit: "ab", quantity: null }],
    });
    expect(await clientOf(server.url).balanceLovelace("Preprod", "addr")).toBe(7n);
  });

  test.each(["1.5", null, -1.5])("has no balance if that is %j", async (quantity) => {
    await using server = await answering({ Balance: [{ unit: "lovelace", quantity }] });
    await expect(clientOf(server.url).balanceLovelace("Preprod", "addr")).rejects.toThrow(
      /ANSWER_UNEXPECTED: \[GET\] \S+\/balance: .*quantity/,
    );
  });

  test("has the tokens of a wallet that have a name", async () => {
    await using server = await answering({ Assets: [{ agentIdentifier: null }, { agentIdentifier: "ab" }] });
    const wallet = { network: "Preprod", vkey: "v", contract: undefined } as const;
    expect(await clientOf(server.url).tokensAt(wallet)).toEqual(new Map([["ab", []]]));
  });
});

test("a complaint about an answer names the place", () => {
  expect(describeIssue(apiKeyStatus.safeParse({}).error)).toMatch(/^permission: /);
  expect(describeIssue(undefined)).toBe("");
});
