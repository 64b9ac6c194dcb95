/** The library's components as programs in other languages have them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as Grpc from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import { unknown } from "@pulumi/pulumi/output.js";
import type * as ProviderGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type * as ProviderMessages from "@pulumi/pulumi/proto/provider_pb.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { componentSchemaJson } from "../../library/component/documentation.ts";
import { ComponentProvider } from "../../library/component/provider.ts";
import { repository } from "../helpers/project.ts";
import {
  type RecordOptions,
  type Recorded,
  SECRET,
  UNKNOWN,
  record,
  shortName,
} from "../infra/deploy/recorder.ts";

const AGENT = "masumi:index:Agent";
const FOLDER = join(repository, "library/component");

const ARGS = {
  url: "https://agents.example.com/a",
  name: "A",
  description: "Answers.",
  capability: { name: "answering", version: "1.0.0" },
  tags: ["answers"],
  author: { name: "Example GmbH" },
  wallet: { vkey: "0".repeat(56), type: "V1" },
};

beforeEach(() => pulumi.runtime.setAllConfig({ "masumi:owner": "example", "masumi:network": "Preprod" }));
afterEach(() => pulumi.runtime.setAllConfig({}));

/** Has an agent made as the engine asks for one, and returns what that registers and what the program gets. */
async function construct(more: object, options: RecordOptions = {}) {
  let state: pulumi.Inputs = {};
  const { resources } = await record(
    async () => {
      const made = await new ComponentProvider().construct("a", AGENT, { ...ARGS, ...more }, {});
      ({ state } = made);
    },
    { project: "own", ...options },
  );
  return { resources, state };
}

const found = (all: readonly Recorded[], name: string) => all.find((one) => shortName(one) === name);

/** What is complained of, by property. */
async function complaints(more: object): Promise<Readonly<Record<string, string>>> {
  const failure: unknown = await construct(more).catch((error: unknown) => error);
  if (!pulumi.InputPropertiesError.isInstance(failure))
    throw new Error("nothing is wrong", { cause: failure });
  return Object.fromEntries(failure.errors.map(({ propertyPath, reason }) => [propertyPath, reason]));
}

it("the schema is what is accepted, in the words of the library: `npm run schema`", () => {
  expect(readFileSync(join(FOLDER, "schema.json"), "utf8")).toBe(componentSchemaJson());
});

describe("an agent of a program in another language", () => {
  it("registers what one of a TypeScript program does", async () => {
    const { resources, state } = await construct({ pricing: { fixed: ["2.5 ADA"] } });
    const names = ["Agent a", "AgentConfirmation a", "AgentRegistration a"];
    expect(resources.map(shortName).toSorted()).toEqual(names);
    const prices = [{ amount: "2500000", unit: "" }];
    expect(found(resources, "AgentRegistration a")?.inputs["listing"]).toMatchObject({
      apiBaseUrl: ARGS.url,
      pricing: { type: "fixed", prices },
    });
    expect(Object.keys(state)).toEqual(["agentIdentifier", "registrationId", "state", "txHash", "url"]);
    expect(Object.values(state).map((value) => pulumi.Output.isInstance(value))).toEqual(Array(5).fill(true));
  });

  it("is planned although its URL is not known yet", async () => {
    const { resources } = await construct({ url: pulumi.output(unknown) }, { preview: true });
    const { listing } = found(resources, "AgentRegistration a")?.inputs ?? {};
    expect(listing).toMatchObject({ apiBaseUrl: UNKNOWN, name: "A" });
  });

  it("keeps the server of its record secret", async () => {
    const server = pulumi.secret("postgresql://records");
    const { resources } = await construct({ records: { server, userId: "seven" } });
    expect(found(resources, "AgentRecord a")?.inputs).toMatchObject({ server: SECRET, userId: "seven" });
  });

  it.each<[string, object, Readonly<Record<string, string>>]>([
    ["no tags", { tags: [] }, { tags: expect.stringMatching(/>=1/) as string }],
    ["a price alone", { pricing: "5 USDM" }, { pricing: "write { fixed: [5 USDM] }" }],
    [
      "a URL of its API",
      { url: "https://a.example/availability" },
      {
        url: expect.stringContaining("write only what comes before it") as string,
      },
    ],
    [
      "all at once",
      { wallet: { vkey: "no", type: "V3" }, probeSeconds: 0, colour: "red" },
      {
        "wallet.vkey": expect.stringContaining("56 lower-case hex digits") as string,
        "wallet.type": expect.stringContaining('"V1"|"V2"') as string,
        probeSeconds: expect.any(String) as string,
        "": expect.stringContaining("colour") as string,
      },
    ],
    [
      "a secret where none may be",
      { name: pulumi.secret("A"), wallet: { ...ARGS.wallet, vkey: pulumi.secret("0") } },
      {
        name: expect.stringContaining("in full") as string,
        "wallet.vkey": expect.stringContaining("in full") as string,
      },
    ],
  ])("is refused with %s", async (_what, more, wrong) => {
    expect(await complaints(more)).toEqual(wrong);
  });

  it("spends nothing on Mainnet that the stack does not confirm and limit", async () => {
    await expect(construct({ network: "Mainnet" })).rejects.toThrow(
      /masumi:confirmMainnet must be true[^]*masumi:maxAda is missing/,
    );
  });

  it("is the only component", async () => {
    const made = new ComponentProvider().construct("a", "masumi:index:Other", ARGS, {});
    await expect(made).rejects.toThrow("There is no component masumi:index:Other");
  });
});

describe("the plugin", () => {
  const load = createRequire(import.meta.url);
  const grpc = createRequire(load.resolve("@pulumi/pulumi"))("@grpc/grpc-js") as typeof Grpc;
  const { ResourceProviderClient } = load("@pulumi/pulumi/proto/provider_grpc_pb") as typeof ProviderGrpc;
  const { GetSchemaRequest } = load("@pulumi/pulumi/proto/provider_pb") as typeof ProviderMessages;

  it("starts as Pulumi's language host starts it, and tells its schema and version", async () => {
    const starter = load.resolve("@pulumi/pulumi/cmd/run-plugin");
    const host = spawn(process.execPath, [starter, FOLDER, "127.0.0.1:1"], {
      cwd: tmpdir(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [port] = (await once(host.stdout, "data")) as [Buffer];
      const client = new ResourceProviderClient(
        `127.0.0.1:${port.toString().trim()}`,
        grpc.credentials.createInsecure(),
      );
      const answer = await new Promise<string>((resolve, reject) => {
        client.getSchema(new GetSchemaRequest(), (error, response) =>
          error ? reject(error) : resolve(response.getSchema()),
        );
      });
      client.close();
      const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
        readonly version: string;
      };
      expect(JSON.parse(answer)).toMatchObject({ name: "masumi", version, resources: { [AGENT]: {} } });
    } finally {
      host.kill();
    }
  });
});
