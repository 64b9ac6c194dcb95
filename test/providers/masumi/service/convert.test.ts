import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  dialectOf,
  fromEntry,
  toDeregisterCall,
  toRegisterBody,
  toUpdateBody,
} from "../../../../providers/masumi/service/client/convert.ts";
import { toRegistration } from "../../../../providers/masumi/resources/registration-common.ts";
import type { Listing, Row, Wallet } from "../../../../providers/masumi/service/model.ts";
import { type RegisterBody, registryEntry } from "../../../../providers/masumi/service/client/wire.ts";
import { V1, V2, V2_SOURCE, inputsOf } from "../inputs.ts";

const fixtures = join(import.meta.dirname, "../../../fixtures/providers/masumi");
const cases = (kind: string) => readdirSync(join(fixtures, kind));
const readJson = (...path: string[]): unknown => JSON.parse(readFileSync(join(fixtures, ...path), "utf8"));

test.each(cases("entries"))("an entry as the service sent it is read: %s", (name) => {
  const row = fromEntry(registryEntry.parse(readJson("entries", name, "entry.json")));
  expect(row).toEqual(readJson("entries", name, "row.json"));
});

/** What the recorded requests register, in our words. */
const RECORDED: Omit<Listing, "name" | "pricing"> = {
  description: "Writes market reports",
  apiBaseUrl: "https://agent.example.com/api",
  capability: { name: "market-report", version: "1.0.0" },
  tags: ["finance", "research"],
  author: {
    name: "Jane Doe",
    contactEmail: "jane@example.com",
    contactOther: "@jane",
    organization: "Example GmbH",
  },
  legal: {
    privacyPolicy: "https://example.com/privacy",
    terms: "https://example.com/terms",
    other: "https://example.com/other",
  },
  exampleOutputs: [{ name: "report", url: "https://agent.example.com/out.pdf", mimeType: "application/pdf" }],
};

test.each<[string, Wallet, Listing["pricing"]]>([
  ["v1-fixed", V1, { type: "fixed", prices: [{ unit: "lovelace", amount: "05000000" }] }],
  ["v1-free", V1, { type: "free" }],
  ["v1-dynamic", V1, { type: "dynamic" }],
  ["v2-fixed", V2, { type: "fixed", prices: [{ unit: "", amount: "3000000" }] }],
  ["v2-free", V2, { type: "free" }],
  ["v2-dynamic", V2, { type: "dynamic" }],
])("a registration is sent as the service took it: %s", (name, wallet, pricing) => {
  const recorded = readJson("requests", name, "body.json") as RegisterBody;
  const inputs = inputsOf({ wallet, listing: { ...RECORDED, name: recorded.name, pricing } });
  const sent = toRegisterBody(toRegistration({ ...inputs, sourceAddress: V2_SOURCE }));
  expect(sent).toEqual({ ...recorded, Tags: [...recorded.Tags, inputs.marker] });
});

describe("an update", () => {
  const readRow = (name: string): Row =>
    fromEntry(registryEntry.parse(readJson("entries", name, "entry.json")));
  const live = readRow("v2-deregistration-requested");

  test("empties the optional texts that are gone, and leaves out those that never were", () => {
    const inputs = inputsOf({
      listing: { ...RECORDED, author: { name: "Jane Doe" }, legal: { terms: "new", other: "" } },
    });
    const body = toUpdateBody(toRegistration(inputs), live);
    expect(body.Author).toEqual({ name: "Jane Doe", contactEmail: "", contactOther: "", organization: "" });
    expect(body.Legal).toEqual({ privacyPolicy: "", other: "", terms: "new" });
    expect(toUpdateBody(toRegistration(inputs), { ...live, listing: inputs.listing }).Author).toEqual({
      name: "Jane Doe",
    });
  });

  test("is addressed by the identifier of the moment, and names no wallet", () => {
    const body = toUpdateBody(toRegistration(inputsOf()), live);
    expect(body.agentIdentifier).toBe(live.agentIdentifier);
    expect(body).not.toHaveProperty("sellingWalletVkey");
    expect(body).not.toHaveProperty("AgentPricing");
  });
});

describe("releases", () => {
  const routes021 = ["/registry", "/payment-source"];
  const routes = {
    "0.21": routes021,
    "0.22": [...routes021, "/registry/deregister"],
    "0.26": [...routes021, "/registry/deregister", "/registry/diff"],
    "0.27": [...routes021, "/registry/deregister", "/registry/diff", "/registry/count"],
    "0.28": [
      ...routes021,
      "/registry/deregister",
      "/registry/diff",
      "/registry/count",
      "/registry/update",
      "/registry/wallet",
    ],
  };

  test.each<[keyof typeof routes, boolean, boolean, boolean, boolean]>([
    ["0.21", false, false, false, false],
    ["0.22", true, false, false, false],
    ["0.26", true, true, false, false],
    ["0.27", true, true, true, false],
    ["0.28", true, true, true, true],
  ])("%s is told by its routes", (release, deregistersByPost, hasChanges, hasSearch, hasV2) => {
    expect(dialectOf(routes[release])).toMatchObject({ deregistersByPost, hasChanges, hasSearch, hasV2 });
  });

  test("only one that lists the route is asked what wallets hold", () => {
    expect(dialectOf(routes["0.27"]).hasWalletTokens).toBe(false);
    expect(dialectOf(routes["0.28"]).hasWalletTokens).toBe(true);
  });

  test("a service that hides its routes is taken for a current one, so DELETE never deregisters by mistake", () => {
    expect(dialectOf(undefined)).toEqual(dialectOf(routes["0.28"]));
  });

  test("deregistration has the verb of its release", () => {
    const body = { agentIdentifier: "a".repeat(120), network: "Preprod" };
    expect(toDeregisterCall(dialectOf(routes["0.28"]), body)).toEqual({
      method: "POST",
      path: "/registry/deregister",
      body,
    });
    expect(toDeregisterCall(dialectOf(routes["0.21"]), body)).toEqual({
      method: "DELETE",
      path: "/registry",
      body,
    });
  });
});
