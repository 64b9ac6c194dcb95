import { existsSync, readdirSync, readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";

/** One exchange with the real service; tokens are written as `<role>`. */
interface Recording {
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
}

/** What was done to the service's database and chain between two recordings, as a control request. */
interface Seed {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

interface RecordedWorld {
  readonly tokens: Readonly<Record<string, string>>;
  readonly world: object;
  /** In the order of time. */
  readonly steps: readonly ({ at: string; recording: string } | { at: string; seed: Seed })[];
}

const FIXTURES = new URL("../../fixtures/", import.meta.url);
const ALL_RECORDINGS = new URL("../../../../shared/masumi/recordings/", import.meta.url);

/** Recordings of what the sandbox does not simulate; it refuses these requests by name. */
const NOT_REPLAYED: readonly { names: RegExp; reason: string }[] = [
  { names: /^setup_api_key_|^rpc_api_keys_admin$/, reason: "administration of keys is not simulated" },
  { names: /^rate_limit_429_payment_x402$/, reason: "x402 is not simulated; rate-limit is a scripted fault" },
  { names: /^timeline_/, reason: "no exchange: test/local/sandbox/timelines.test.ts plays them" },
];

/** What an identifier is made of differs each time; a seed after the recording puts the recorded one in its place. */
const SIGNED = ["blockchainIdentifier"];
/** Ids of records that have no list of their own. */
const SELLER = ["SellerWallet.id"];

/**
 * What differs by nature: the fake chain's hashes, the redacted key, the document that only lists paths. A name with a
 * dot is that of a field in an object or list of that name.
 */
const MASKED: Readonly<Record<string, readonly string[]>> = {
  payment_post_fixed_ok: SIGNED,
  payment_post_repeat_same_purchaser_id: SIGNED,
  payment_post_dynamic_ok: SIGNED,
  purchase_post_ok: SELLER,
  purchase_get: SELLER,
  purchase_post_repeat_409: [
    ...SELLER,
    "sellerWalletId",
    "nextActionId",
    "NextAction.id",
    "PaidFunds.id",
    "agentIdentifierSyncedAt",
    "agentNameSyncedAt",
  ],
  utxos_get_funded_fake_chain: ["txHash", "block"],
  payment_source_extended_get_admin: ["rpcProviderApiKey"],
};
const API_DOCS = "api_docs_get_unauthenticated";

const fixture = (name: string): unknown => JSON.parse(readFileSync(new URL(name, FIXTURES), "utf8"));
const { tokens, world, steps } = fixture("recordings-world.json") as RecordedWorld;
const files = readdirSync(new URL("recordings/", FIXTURES))
  .filter((file) => file.endsWith(".json"))
  .map((file) => file.replace(/\.json$/, ""));

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Plain HTTP, since fetch adds headers and hides some. */
function ask(
  url: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    // Node sends no body with DELETE unless its length is announced.
    const length = body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
    const options = { method, headers: { ...headers, ...length }, timeout: 10_000 };
    const request = httpRequest(`${url}${path}`, options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    request.on("error", reject);
    request.end(body);
  });
}

function headersOf({ headers }: Recording["request"]): Record<string, string> {
  const { token, ...rest } = headers;
  if (token === undefined) return rest;
  const role = token.slice(1, -1);
  return { ...rest, token: tokens[role] ?? role };
}

function bodyOf({ body }: Recording["request"]): string | undefined {
  if (body === undefined) return undefined;
  const raw = (body as { _raw?: string })._raw;
  if (raw === undefined) return JSON.stringify(body);
  const size = /^\((\d+) bytes\)$/.exec(raw)?.[1];
  return size === undefined ? raw : `{"name":"${"x".repeat(Number(size) - 11)}"}`;
}

/** The service's document is trimmed to `path: [methods]` in the recording. */
const methodsByPath = (document: unknown): unknown =>
  Object.fromEntries(
    Object.entries((document as { paths: Record<string, object> }).paths).map(([path, methods]) => [
      path,
      Array.isArray(methods) ? methods : Object.keys(methods),
    ]),
  );

function masked(names: readonly string[], value: unknown, parent = ""): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => masked(names, item, parent));
  if (typeof value !== "object" || value === null) return value;
  const hides = (name: string) => names.includes(name) || names.includes(`${parent}.${name}`);
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, hides(name) ? "(masked)" : masked(names, part, name)]),
  );
}

/** A body without what differs by nature. */
function comparable(recording: string, body: unknown): unknown {
  return recording === API_DOCS ? methodsByPath(body) : masked(MASKED[recording] ?? [], body);
}

/** The headers that were recorded; the tag is computed over the bytes, so it compares the order of fields as well. */
function comparableHeaders(recording: string, headers: Reply["headers"]): Record<string, unknown> {
  const names = ["content-type", "allow", "access-control-allow-origin"];
  if (recording !== API_DOCS && !MASKED[recording]) names.push("etag");
  const lower = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return Object.fromEntries(names.map((name) => [name, lower[name]]));
}

async function plant(url: string, { method, path, body }: Seed): Promise<void> {
  const type = { "content-type": "application/json" };
  const reply = await ask(url, method, path, type, body === null ? undefined : JSON.stringify(body));
  if (reply.status !== 200) throw new Error(`${method} ${path}: ${reply.body}`);
}

interface Case {
  readonly name: string;
  readonly at: string;
  readonly before: readonly { readonly at: string; readonly seed: Seed }[];
}

/** Each recording with what was done since the one before. */
function casesOf(all: RecordedWorld["steps"]): Case[] {
  const cases: Case[] = [];
  let before: { at: string; seed: Seed }[] = [];
  for (const step of all) {
    if ("seed" in step) {
      before.push(step);
      continue;
    }
    cases.push({ name: step.recording, at: step.at, before });
    before = [];
  }
  return cases;
}

describe("the sandbox answers what the real service answered", () => {
  let sandbox: RunningSandbox;
  let now = Date.parse("2026-11-22T11:40:00.000Z");
  let nextId = "";

  beforeAll(async () => {
    sandbox = await startSandbox({ world, chainSpeed: 0, cors: true, now: () => now, newId: () => nextId });
  });
  afterAll(() => sandbox.close());

  it.each(casesOf(steps))("$name", async ({ name, at, before }) => {
    for (const step of before) {
      now = Date.parse(step.at);
      await plant(sandbox.url, step.seed);
    }
    const { request, response } = fixture(`recordings/${name}.json`) as Recording;
    now = Date.parse(at);
    nextId = (response.body as { data?: { id?: string } }).data?.id ?? nextId;
    const reply = await ask(sandbox.url, request.method, request.path, headersOf(request), bodyOf(request));

    const body: unknown = reply.body === "" ? "" : JSON.parse(reply.body);
    expect([reply.status, comparable(name, body)]).toEqual([
      response.status,
      comparable(name, response.body),
    ]);
    expect(comparableHeaders(name, reply.headers)).toEqual(comparableHeaders(name, response.headers));
  });
});

describe("the recordings", () => {
  it("are replayed, every file of the directory exactly once", () => {
    const replayed = steps.flatMap((step) => ("recording" in step ? [step.recording] : []));
    console.log(`sandbox: ${replayed.length} recordings replayed`);
    expect(replayed.toSorted()).toEqual(files.toSorted());
  });

  const all = existsSync(ALL_RECORDINGS);
  if (!all)
    console.warn("sandbox: the full set of recordings is not at hand; its completeness is not checked");
  it.skipIf(!all)("are replayed, or named with a reason", () => {
    const missing = readdirSync(ALL_RECORDINGS)
      .filter((file) => file.endsWith(".json"))
      .map((file) => file.replace(/\.json$/, ""))
      .filter((name) => !files.includes(name));
    console.log(`sandbox: ${missing.length} recordings not replayed`);
    expect(missing.filter((name) => !NOT_REPLAYED.some(({ names }) => names.test(name)))).toEqual([]);
  });

  it.each(NOT_REPLAYED)("$names are not replayed and not in the directory", ({ names }) => {
    expect(files.filter((name) => names.test(name))).toEqual([]);
  });
});
