import { expect, test } from "vitest";
import type { Listing } from "../../../../providers/masumi/service/model.ts";
import { probeAgent } from "../../../../providers/masumi/service/probe/probe.ts";
import { failureOf } from "../inputs.ts";
import { startServer } from "../servers.ts";

const OPENAPI = { openapi: "3.1.0", info: { title: "Agent", version: "1.0.0" }, paths: {} };
const CARD = {
  protocolVersions: ["1.0"],
  name: "Agent",
  description: "Answers.",
  version: "1.0.0",
  supportedInterfaces: [
    { url: "https://agent.example.com/rpc", protocolBinding: "JSONRPC", protocolVersion: "1.0" },
  ],
  capabilities: { streaming: true, somethingNew: {} },
  defaultInputModes: [],
  defaultOutputModes: [],
  skills: [{ id: "a", name: "a", description: "", tags: [], inputModes: [], outputModes: [] }],
  somethingNew: true,
};
const MANIFEST = { x402Version: 2, resources: [{ resource: "https://agent.example.com/job", type: "http" }] };
const manifestWith = (schemas: object) => ({ resources: [{ ...MANIFEST.resources[0], ...schemas }] });

type Type = NonNullable<Listing["type"]>;
interface Served {
  readonly body: unknown;
  readonly contentType?: string;
  readonly listing?: Partial<Listing>;
}

/** Returns what the probe finds wrong with a document, "" if nothing, and where it looked. */
async function probed(type: Type, { body, contentType = "application/json", listing = {} }: Served) {
  const paths: (string | undefined)[] = [];
  const notices: string[] = [];
  await using agent = await startServer((request, response) => {
    paths.push(request.url);
    response.writeHead(200, { "Content-Type": contentType });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  const probe = probeAgent({
    listing: { type, apiBaseUrl: `${agent.url}/agent/`, ...listing },
    allowPrivate: true,
    timeoutSeconds: 0,
    onNotice: (notice) => notices.push(notice),
  });
  const problem = await probe.then(
    () => "",
    (error: Error) => error.message,
  );
  return { problem, paths, notices };
}

test.concurrent.each<[Type, unknown, string]>([
  ["openapi", OPENAPI, "/agent/openapi.json"],
  ["a2a", CARD, "/agent/.well-known/agent-card.json"],
  ["x402", MANIFEST, "/agent/.well-known/x402.json"],
])("an agent of type %s is asked for its document alone, where it usually is", async (type, body, path) => {
  expect(await probed(type, { body })).toEqual({ problem: "", paths: [path], notices: [] });
});

test.concurrent.each<[string, Served]>([
  [
    "in YAML",
    { body: 'openapi: "3.0.3"\ninfo: { title: a, version: "1" }\npaths: {}\n', contentType: "text/yaml" },
  ],
  ["with components alone", { body: { ...OPENAPI, paths: undefined, components: {} } }],
])("an OpenAPI document may be %s", async (_what, served) => {
  expect((await probed("openapi", served)).problem).toBe("");
});

test.concurrent.each<[string, object]>([
  ["with keywords that nobody knows", { type: "object", "x-order": ["topic"], example: {} }],
  ["that refers elsewhere, which is not fetched", { $ref: "http://169.254.169.254/schema.json" }],
  ["that names its dialect", { $schema: "https://json-schema.org/draft/2020-12/schema", type: "string" }],
])("a manifest may have a schema %s", async (_what, inputSchema) => {
  expect((await probed("x402", { body: manifestWith({ inputSchema }) })).problem).toBe("");
});

test.concurrent.each<[Type, string, Served, RegExp]>([
  [
    "openapi",
    "of another version",
    { body: { ...OPENAPI, openapi: "2.0" } },
    /openapi: must be a version 3\.0\.x or 3\.1\.x/,
  ],
  ["openapi", "without a title", { body: { ...OPENAPI, info: { title: "", version: "1" } } }, /info\.title/],
  [
    "openapi",
    "that describes nothing",
    { body: { ...OPENAPI, paths: undefined } },
    /: has neither paths nor components/,
  ],
  ["openapi", "that is neither JSON nor YAML", { body: "{ a: [" }, /neither JSON nor YAML/],
  ["openapi", "that is an agent's answer", { body: { type: "masumi-agent" } }, /openapi: /],
  [
    "a2a",
    "of no A2A that the registry knows",
    { body: { ...CARD, protocolVersions: undefined } },
    /protocolVersions: /,
  ],
  [
    "a2a",
    "with a binding of its own",
    {
      body: {
        ...CARD,
        supportedInterfaces: [{ ...CARD.supportedInterfaces[0], protocolBinding: "https://example.com/own" }],
      },
    },
    /supportedInterfaces\.0\.protocolBinding/,
  ],
  [
    "a2a",
    "with an interface of another version",
    { body: { ...CARD, protocolVersions: ["1.0", "1.1"] } },
    /no interface has version 1\.1/,
  ],
  [
    "a2a",
    "without what is declared",
    { body: CARD, listing: { protocolVersions: ["1.0", "0.3"] } },
    /declared version\(s\) 0\.3/,
  ],
  ["a2a", "as text", { body: CARD, contentType: "text/plain; charset=utf-8" }, /its type is text\/plain/],
  [
    "a2a",
    "that is too large",
    { body: JSON.stringify(CARD) + " ".repeat(1024 * 1024) },
    /more than 1024 KiB/,
  ],
  ["x402", "without resources", { body: { ...MANIFEST, resources: [] } }, /resources: /],
  [
    "x402",
    "with a resource that is none",
    { body: { resources: [{ resource: "job" }] } },
    /resources\.0\.resource/,
  ],
  [
    "x402",
    "with an input schema that is none",
    { body: manifestWith({ inputSchema: { type: "object", properties: { topic: { type: "text" } } } }) },
    /resources\.0\.inputSchema\/properties\/topic\/type: must be equal to one of the allowed values/,
  ],
  [
    "x402",
    "with a result's schema that is none",
    { body: manifestWith({ outputSchema: { type: "array", minItems: -1 } }) },
    /resources\.0\.outputSchema\/minItems: must be >= 0/,
  ],
  [
    "x402",
    "with a schema of another dialect",
    { body: manifestWith({ inputSchema: { $schema: "http://json-schema.org/draft-04/schema#" } }) },
    /resources\.0\.inputSchema: no schema with key or ref "http:\/\/json-schema\.org\/draft-04/,
  ],
  ["x402", "in YAML", { body: "resources: []" }, /not JSON/],
  [
    "x402",
    "that is too large",
    { body: JSON.stringify(MANIFEST) + " ".repeat(5 * 1024 * 1024) },
    /more than 5120 KiB/,
  ],
])(
  "the registry would not take a document (%s) %s, and the error says why",
  async (type, _what, served, said) => {
    const { problem } = await probed(type, served);
    expect(problem).toMatch(/^AGENT_NOT_ANSWERING: .*No ADA was spent/);
    expect(problem).toMatch(said);
  },
);

test.concurrent(
  "a document at another place is fetched there, and one that the registry does not keep is named",
  async () => {
    await using other = await startServer((_request, response) => {
      response.end(JSON.stringify(OPENAPI) + " ".repeat(256 * 1024));
    });
    const listing = { documentUrl: `${other.url}/spec.yaml` };
    const { problem, paths, notices } = await probed("openapi", { body: "", listing });
    expect([problem, paths]).toEqual(["", []]);
    expect(notices).toEqual([expect.stringContaining(`${other.url}/spec.yaml has 257 KiB`)]);
  },
);

test.concurrent("a redirect of a document is not followed", async () => {
  await using agent = await startServer((_request, response) =>
    response.writeHead(302, { Location: "https://other.example/openapi.json" }).end(),
  );
  const listing = { type: "openapi", apiBaseUrl: agent.url } as const;
  const failure = await failureOf(probeAgent({ listing, allowPrivate: true, timeoutSeconds: 0 }));
  expect(failure.message).toContain("status 302, a redirect to https://other.example/openapi.json");
});

test.concurrent(
  "on a real network a card's interfaces are https, and a document's address is public",
  async () => {
    const { problemOfCard } = await import("../../../../providers/masumi/service/probe/agent-card.ts");
    const http = {
      ...CARD,
      supportedInterfaces: [{ ...CARD.supportedInterfaces[0], url: "http://agent.example.com" }],
    };
    const answer = { text: JSON.stringify(http), contentType: "application/json" };
    const wanted = { protocolVersions: ["1.0"] };
    expect(problemOfCard(answer, { ...wanted, allowHttp: true })).toBeUndefined();
    expect(problemOfCard(answer, { ...wanted, allowHttp: false })).toContain("must be an https URL");
    const listing = {
      type: "x402",
      apiBaseUrl: "https://agent.example.com",
      documentUrl: "http://10.0.0.1/x",
    } as const;
    expect((await failureOf(probeAgent({ listing, allowPrivate: false }))).code).toBe(
      "AGENT_ADDRESS_PRIVATE",
    );
  },
);
