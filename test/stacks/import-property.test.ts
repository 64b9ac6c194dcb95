import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Draft, type ImportContext, judge } from "../../stacks/import/judge.ts";
import { loadAgents } from "../../infra/declarations/index.ts";
import { listingOf, planFleet } from "../../infra/fleet/index.ts";
import {
  LISTING_TYPES,
  type Listing,
  type Row,
  baseUrlOf,
  contentOf,
  documentUrlOf,
  listingTypeOf,
  marker,
} from "../../providers/masumi/service/index.ts";
import { LARGEST_METADATUM, bytesOf, unkept } from "../../providers/common/kept-text.ts";
import { OWNER, configOf } from "../infra/fleet/stack.ts";
import { V1, V2, V2_SOURCE } from "../providers/masumi/inputs.ts";

const config = configOf("http://127.0.0.1:1/api/v1", {
  assets: { GOLD: { unit: `${"ab".repeat(28)}00`, decimals: 0 } },
});
const units = [
  "",
  "16a55b2a349361ff88c03788f93e1e966e5d689605d044fef722ddde0014df10745553444d",
  `${"ab".repeat(28)}00`,
];

/** Texts that YAML has its own thoughts about. */
const awkward = fc.constantFrom(
  "true", "null", "~", "1.0", "0x1f", "2026-11-23", "- x", "? x", "a: b", "#x", "x # y", "{x}", "[x]", "*x", "&x",
  "!x", "|", ">", "%x", "@x", "`x`", "'", '"', "\\", "a\nb", "a\n\nb\n c", "a\tb", "\u0007", "a\rb", "a\u0085b",
  "a\u2028b", "\ufeffa", "\ud800", "é", "漢字", "🙂", "---", "...", "<<", "=", "y", "No", "1_000", ".inf", "x:",
); // prettier-ignore
const word = fc.oneof(awkward, fc.string({ unit: "binary", maxLength: 40 }), fc.lorem());
const optional = <T>(text: fc.Arbitrary<T>) => fc.option(text, { nil: undefined });
const withoutAbsent = <T extends object>(texts: T): T =>
  Object.fromEntries(Object.entries(texts).filter(([, text]) => text)) as T;

const pricing: fc.Arbitrary<Listing["pricing"]> = fc.oneof(
  fc.constant({ type: "free" } as const),
  fc.constant({ type: "dynamic" } as const),
  fc
    .uniqueArray(
      fc.record({
        unit: fc.constantFrom(...units),
        amount: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).map(String),
      }),
      { selector: ({ unit }) => unit, minLength: 1, maxLength: 3 },
    )
    .map((prices) => ({ type: "fixed", prices }) as const),
);

const base = fc.webUrl().map((url) => url.replace(/\/+$/, ""));

/** Where a document is: at its usual place below a URL, or anywhere. */
const placeOf = (type: "openapi" | "a2a" | "x402", apiBaseUrl: string): fc.Arbitrary<string> =>
  fc.oneof(fc.constant(documentUrlOf({ type, apiBaseUrl }) ?? ""), base);

type Whereabouts = Pick<Listing, "type" | "apiBaseUrl" | "documentUrl" | "protocolVersions">;

/** How an entry says what it is and where, as it is read from the service. */
const whereabouts: fc.Arbitrary<Whereabouts> = fc.oneof(
  base.map((apiBaseUrl) => ({ apiBaseUrl })),
  ...(["openapi", "x402"] as const).map((type) =>
    base
      .chain((url) => placeOf(type, url))
      .map((documentUrl) => ({ type, documentUrl, apiBaseUrl: baseUrlOf(type, documentUrl) })),
  ),
  base.chain((apiBaseUrl) =>
    fc.record({
      type: fc.constant("a2a" as const),
      apiBaseUrl: fc.constant(apiBaseUrl),
      documentUrl: placeOf("a2a", apiBaseUrl),
      protocolVersions: fc.constantFrom(["1.0"], ["0.3", "1.0"], ["2.1"]),
    }),
  ),
);

const listingFrom = (
  text: fc.Arbitrary<string>,
  email: fc.Arbitrary<string>,
  lines = text,
): fc.Arbitrary<Listing> =>
  fc.tuple(textsFrom(text, email, lines), whereabouts).map((parts) => Object.assign({}, ...parts) as Listing);

const textsFrom = (text: fc.Arbitrary<string>, email: fc.Arbitrary<string>, lines: fc.Arbitrary<string>) =>
  fc.record({
    name: text,
    description: lines,
    capability: fc.record({ name: text, version: text }),
    tags: fc.uniqueArray(text, { minLength: 1, maxLength: 14 }),
    author: fc
      .record({
        name: text,
        contactEmail: optional(email),
        contactOther: optional(text),
        organization: optional(text),
      })
      .map((author) => ({ ...withoutAbsent(author), name: author.name })),
    legal: fc
      .record({ privacyPolicy: optional(lines), terms: optional(lines), other: optional(lines) })
      .map(withoutAbsent),
    pricing,
    exampleOutputs: fc.array(
      fc.record({ name: text, url: fc.webUrl(), mimeType: fc.constantFrom("text/plain", "application/pdf") }),
      { maxLength: 3 },
    ),
  });

const rowFrom = (listing: fc.Arbitrary<Listing>): fc.Arbitrary<Row> =>
  fc.record({ listing, isV2: fc.boolean(), marked: fc.boolean(), state: fc.constantFrom("RegistrationConfirmed", "RegistrationInitiated", "UpdateConfirmed") }).map(
    ({ listing, isV2: wantsV2, marked, state }) => {
      // No V1 registration can say that it has a card.
      const isV2 = wantsV2 || listing.type === "a2a";
      return {
      id: "cmwrr0000000000000000abcd",
      type: isV2 ? "V2" as const : "V1" as const,
      state,
      error: "",
      listing,
      markers: marked ? [marker(OWNER, "some-agent")] : [],
      walletVkey: isV2 ? V2.vkey : V1.vkey,
      walletAddress: "",
      sourceAddress: isV2 ? V2_SOURCE : "",
      agentIdentifier: "ab".repeat(60),
      txHash: "",
      feeLovelace: "",
      lockedLovelace: "5000000",
      createdAt: "2026-11-23T00:00:00.000Z",
      updatedAt: "2026-11-23T00:00:00.000Z",
    };
    },
  ); // prettier-ignore

const contextOf = (row: Row, projectRoot: string): ImportContext => ({
  config,
  agents: [],
  projectRoot,
  urlOf: ({ source }) => (source.kind === "url" ? source.url : undefined),
  isFile: () => false,
  survey: {
    missing: 0,
    holdings: [],
    rows: [row],
    sources: [
      { id: "1", network: "Preprod", paymentSourceType: "Web3CardanoV2", smartContractAddress: V2_SOURCE },
    ],
  },
});

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "masumi-import-"));
  mkdirSync(join(root, "agents"));
});
afterAll(() => rmSync(root, { recursive: true }));

/** The written file says exactly what is registered, and up only takes it over. */
function expectTakenOver({ row, text, agent: { id, file } }: Draft): void {
  writeFileSync(join(root, file), text);
  const { agents, complaints } = loadAgents({
    ...config,
    folder: "agents",
    projectRoot: root,
    stack: "test",
  });
  rmSync(join(root, file));
  expect(complaints).toEqual([]);
  const [agent] = agents;
  if (!agent || agent.source.kind !== "url") throw new Error("one agent that runs elsewhere was written");
  expect(agent.id).toBe(id);
  const declared = {
    wallet: row,
    sourceAddress: row.sourceAddress,
    listing: { ...listingOf(agent), apiBaseUrl: agent.source.url },
  };
  expect(contentOf(declared)).toBe(
    contentOf({ wallet: row, sourceAddress: row.sourceAddress, listing: row.listing }),
  );
  const plan = planFleet({ ...contextOf(row, root), agents });
  expect(plan.problems).toEqual([]);
  expect(plan.orphans).toEqual([]);
  expect(["adopt", "none"]).toContain(plan.agents[0]?.action);
}

const isDraft = (judged: ReturnType<typeof judge>): judged is Draft => "agent" in judged;

describe("a registration, whatever it says", () => {
  it("becomes a file that up takes over as it is, or is refused with a reason for each place", () => {
    let written = 0;
    fc.assert(
      fc.property(rowFrom(listingFrom(word, fc.oneof(fc.constant("a@example.com"), word))), (row) => {
        const judged = judge(row, contextOf(row, root));
        if (isDraft(judged)) {
          written += 1;
          return expectTakenOver(judged);
        }
        expect(judged.length).toBeGreaterThan(0);
        for (const { message } of judged) expect(message).not.toBe("");
      }),
      { numRuns: 150 },
    );
    expect(written).toBeGreaterThan(0);
  });

  it("is never refused when a declaration can say it", () => {
    const sayable = (kept: { lines: boolean }) =>
      word
        .map((raw) => `x${raw}x`)
        .filter((raw) => raw.length <= 60 && bytesOf(raw) <= LARGEST_METADATUM && !unkept(raw, kept));
    const email = fc.constantFrom("a@example.com", "b.c+d@example.org");
    const listing = listingFrom(sayable({ lines: false }), email, sayable({ lines: true })).filter(
      // The registry fetches documents by https alone.
      ({ apiBaseUrl, documentUrl = "https:" }) =>
        !/[?#@]/.test(apiBaseUrl + documentUrl) && documentUrl.startsWith("https:"),
    );
    const types = new Set<string>();
    fc.assert(
      fc.property(rowFrom(listing), (row) => {
        const judged = judge(row, contextOf(row, root));
        expect(judged).toHaveProperty("text");
        types.add(listingTypeOf(row.listing));
        if (isDraft(judged)) expectTakenOver(judged);
      }),
      { numRuns: 200 },
    );
    expect([...types].toSorted()).toEqual([...LISTING_TYPES].toSorted());
  });
});
