import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { type Content, digestOf } from "../../../../providers/masumi/service/rules/content.ts";
import type { RegistrationInputs } from "../../../../providers/masumi/resources/inputs.ts";
import { PROVIDER_TEXTS } from "../../../../providers/provider-texts.ts";
import { agent, answering, states } from "../agent.ts";
import { V1, V2, confirmationOf } from "../inputs.ts";
import { startProviderHost } from "../provider-host.ts";
import { startRun } from "../run.ts";
import { startEngine } from "../servers.ts";
import { startService } from "../service.ts";

// Processes start slowly on a machine that has much to do.
vi.setConfig({ testTimeout: 180_000 });

interface Entry {
  readonly id: string;
  readonly inputs: Record<string, unknown>;
  readonly outputs: Record<string, unknown>;
}

/** Entries of states as the CLI stored them, by version of their shape. */
const folder = join(import.meta.dirname, "../../../fixtures/states");
const FIXTURE_ID = "cmwrrta32006h7s7dmxltw3bi";
const FIXTURE_URL = "https://agent.example.com/api";
const FIXTURE_MARKER = "iac-0123456789abcdef-fedcba9876543210";

const readText = (path: string) => readFileSync(join(folder, path), "utf8");

/** An entry of a state, about a row and an agent that exist. */
function readEntry(path: string, rowId: string): Entry {
  const entry = JSON.parse(
    readText(path).replaceAll(FIXTURE_ID, rowId).replaceAll(FIXTURE_URL, agent.url),
  ) as Entry;
  if (!("content" in entry.outputs)) return entry;
  // The digest is of the agent that does not exist.
  return { ...entry, outputs: { ...entry.outputs, content: digestOf(entry.inputs as unknown as Content) } };
}

test.each(["registration-of-v1-wallet", "registration-of-v2-wallet"])(
  "the digest in a state is made as it was made then: %s",
  (name) => {
    const { inputs, outputs } = JSON.parse(readText(`v1/${name}.json`)) as Entry;
    expect(digestOf(inputs as unknown as Content)).toBe(outputs["content"]);
  },
);

const registrations = readdirSync(folder).flatMap((version) =>
  readdirSync(join(folder, version))
    .filter((file) => file.startsWith("registration"))
    .map((file) => join(version, file)),
);

/** What is changed in place on V2, and replaced on V1. */
const rename = (inputs: Record<string, unknown>) => ({
  ...inputs,
  listing: { ...(inputs["listing"] as object), name: "Renamed" },
});

/** A confirmed registration whose entry in the state is of long ago, and the host that the engine asks about it. */
async function startWithEntry(path: string) {
  const service = await startService();
  const engine = await startEngine();
  const old = readEntry(path, "").inputs as unknown as RegistrationInputs;
  const wallet = old.wallet.type === "V1" ? V1 : V2;
  const { id } = await startRun(service.url).create({ ...answering({ wallet }), ...old });
  const host = await startProviderHost(engine, { MASUMI_API_KEY: "sandbox-pay-key" });
  await host.configure({ "masumi:paymentServiceUrl": service.url });
  const { inputs, outputs } = readEntry(path, id);
  return {
    service,
    host,
    id,
    inputs,
    outputs,
    isV1: wallet.type === "V1",
    [Symbol.asyncDispose]: async () => {
      await host[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    },
  };
}

const unchanged = { changes: false, replaces: [] };

test.each(registrations)(
  "a registration in a state of long ago is read, deleted and compared: %s",
  async (path) => {
    await using old = await startWithEntry(path);
    const { host, id, inputs, outputs, isV1 } = old;
    const read = await host.read(id, outputs);
    expect(read).toMatchObject({
      id,
      properties: { state: "RegistrationConfirmed", marker: FIXTURE_MARKER },
    });
    await host.remove(id, outputs);
    expect(await states(old.service)).toEqual(["DeregistrationConfirmed"]);

    // After the delete, which leaves alone what a diff has found unchanged.
    const news = { ...inputs, recover: [] };
    expect(await host.diff(id, outputs, news)).toEqual(unchanged);
    expect(await host.diff(id, read.properties, news)).toEqual(unchanged);
    expect(await host.diff(id, outputs, rename(news))).toEqual({
      changes: true,
      replaces: isV1 ? ["listing"] : [],
    });
  },
);

test.each(readdirSync(folder))(
  "a registration and a confirmation in a state of %s are updated",
  async (version) => {
    await using old = await startWithEntry(join(version, "registration-of-v2-wallet.json"));
    const { host, id } = old;
    const updated = await host.update(id, old.outputs, rename(old.inputs));
    expect(updated).toMatchObject({
      revision: "2",
      stateVersion: 1,
      __provider: PROVIDER_TEXTS.AgentRegistration,
    });
    expect(await old.service.rows()).toMatchObject([{ name: "Renamed" }]);

    const { inputs, outputs } = readEntry(join(version, "confirmation.json"), id);
    expect(await host.diff(id, outputs, inputs)).toEqual(unchanged);
    expect(await host.update(id, outputs, { ...inputs, revision: "2" })).toMatchObject({
      state: "UpdateConfirmed",
      __provider: PROVIDER_TEXTS.AgentConfirmation,
    });
    expect(await host.read(id, outputs)).toMatchObject({ id, properties: { state: "UpdateConfirmed" } });
    await host.remove(id, outputs);
    expect(await states(old.service)).toEqual(["UpdateConfirmed"]);
  },
);

/** As much as agents usually say about themselves. */
const LISTING = {
  name: "Market Researcher",
  description:
    "Researches a market and writes a two-page brief with sources, figures and the most important competitors.",
  apiBaseUrl: "https://agents.example.com/market-researcher",
  tags: ["research", "markets", "reports"],
  author: { name: "Example GmbH", contactEmail: "agents@example.com", organization: "Example GmbH" },
  legal: { privacyPolicy: "https://example.com/privacy", terms: "https://example.com/terms" },
  pricing: {
    type: "fixed",
    prices: [
      {
        amount: "5000000",
        unit: "16a55b2a349361ff88c03788f93e1e966e5d689605d044fef722ddde0014df10745553444d",
      },
    ],
  },
} as const;

test.each([V1, V2])(
  "a registration and its confirmation take less than 3 KB each in the state ($type)",
  async (wallet) => {
    await using service = await startService();
    const run = startRun(service.url);
    const { inputs } = await run.check({
      ...answering({ wallet }),
      resourceUrn: urnOf("AgentRegistration"),
    });
    const { id, outs } = await run.create(inputs);
    const registration = entryOf("AgentRegistration", id, {
      inputs: {
        ...inputs,
        listing: { ...inputs.listing, ...LISTING },
        __provider: PROVIDER_TEXTS.AgentRegistration,
      },
      outputs: { ...outs, apiBaseUrl: LISTING.apiBaseUrl, __provider: PROVIDER_TEXTS.AgentRegistration },
    });
    const waiting = confirmationOf(id, inputs, { resourceUrn: urnOf("AgentConfirmation"), queueLength: 100 });
    const confirmed = await run.confirm(waiting);
    const confirmation = entryOf("AgentConfirmation", id, {
      inputs: { ...waiting, __provider: PROVIDER_TEXTS.AgentConfirmation },
      outputs: { ...confirmed, __provider: PROVIDER_TEXTS.AgentConfirmation },
    });
    expect(registration.length).toBeLessThan(3_000);
    expect(confirmation.length).toBeLessThan(3_000);
  },
);

const urnOf = (kind: string) =>
  `urn:pulumi:preprod::masumi-agents::masumi:index:Agent$pulumi-nodejs:dynamic/masumi:${kind}::market-researcher`;

/** One resource as the CLI's state file has it. */
function entryOf(kind: string, id: string, { inputs, outputs }: { inputs: object; outputs: object }): string {
  const time = "2026-11-22T11:43:01.275963471Z";
  return JSON.stringify({
    urn: urnOf(kind),
    custom: true,
    id,
    type: `pulumi-nodejs:dynamic/masumi:${kind}`,
    inputs,
    outputs,
    parent: "urn:pulumi:preprod::masumi-agents::masumi:index:Agent::market-researcher",
    dependencies: [urnOf("AgentRegistration")],
    provider:
      "urn:pulumi:preprod::masumi-agents::pulumi:providers:pulumi-nodejs::default::3f0b8d3e-6b44-4c9e-9a55-0d6f7a1f2b10",
    propertyDependencies: Object.fromEntries(Object.keys(inputs).map((key) => [key, null])),
    created: time,
    modified: time,
  });
}
