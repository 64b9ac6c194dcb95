import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { agentFiles, placeFiles } from "../../../infra/crews/agent-files.ts";
import {
  fetchStoredDocuments,
  missingDocuments,
  placeStoredDocuments,
} from "../../../infra/crews/stored-documents.ts";
import { type Agent, loadValidAgents } from "../../../infra/declarations/index.ts";
import { LocalS3 } from "../../helpers/s3.ts";

const HANDBOOK = "# Opening hours\n\nWe open at nine.\n";
const PRICES = "item;price\nsun;1\n";
const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");
const [handbook, prices] = [digestOf(HANDBOOK), digestOf(PRICES)];

let root: string;
const made: string[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "masumi-stored-"));
  made.push(root);
});
afterAll(() => made.forEach((folder) => rmSync(folder, { recursive: true })));

function agents(...documents: string[]): Agent[] {
  const lines = [
    "name: Weather",
    "description: Tells the weather of a place.",
    "capability: { name: weather, version: 1.0.0 }",
    "tags: [weather]",
    "author: { name: Example GmbH }",
    "pricing: free",
    "build: ./forecast",
    "documents:",
    ...documents.map((document) => `  - ${document}`),
  ];
  for (const [file, text] of [
    ["forecast/crew.py", "def crew(): ...\n"],
    ["agents/weather.yaml", lines.join("\n")],
  ] as const) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  const stack = { stack: "local", network: "Preprod", hosting: "process", documentsFolder: "/srv" } as const;
  return loadValidAgents({ folder: "agents", projectRoot: root, ...stack });
}

const both = () =>
  agents(`{ stored: ${handbook}, name: Handbook.md }`, `{ stored: ${prices}, name: prices.csv }`);
const messages = (problems: readonly Error[]) =>
  problems.map(({ message }) => message.split("\n", 1)[0]?.replaceAll(root, "…"));

/** A place for documents, and what puts one there. */
interface Place {
  readonly config: Parameters<typeof placeStoredDocuments>[0]["config"];
  put(sha256: string, content: string): Promise<void>;
}

function describeStore(name: string, open: () => Place, where: RegExp): void {
  describe(`documents that are stored in ${name}`, () => {
    const input = (chosen: Agent[]) => ({ config: open().config, projectRoot: root, agents: chosen });

    it("are placed for the crew under the names that their author gave", async () => {
      await open().put(handbook, HANDBOOK);
      await open().put(prices, PRICES);
      const [agent] = both();
      await fetchStoredDocuments(input(both()));
      await fetchStoredDocuments(input(both()));
      const files = agentFiles(root, "Preprod", agent as Agent);
      const { documents } = JSON.parse(files.declaration) as { documents: { name: string; file: string }[] };
      expect(documents).toEqual([
        { name: "Handbook.md", file: `documents/${handbook.slice(0, 32)}.md`, sha256: handbook },
        { name: "prices.csv", file: `documents/${prices.slice(0, 32)}.csv`, sha256: prices },
      ]);
      placeFiles(root, join(root, "home"), files);
      expect(readFileSync(join(root, "home", documents[0]?.file ?? ""), "utf8")).toBe(HANDBOOK);
    });

    it("are refused before a run where they are missing or are others, all at once", async () => {
      await open().put(handbook, "something else");
      const missing = digestOf("never stored");
      const chosen = agents(
        `{ stored: ${handbook}, name: Handbook.md }`,
        `{ stored: ${missing}, name: prices.csv }`,
      );
      const found = messages(await placeStoredDocuments(input(chosen)));
      expect(found).toHaveLength(2);
      expect(found.join("\n")).toMatch(
        new RegExp(`Handbook.md, stored as ${handbook}, is another file in ${where.source}`),
      );
      expect(found.join("\n")).toMatch(
        new RegExp(`prices.csv, stored as ${missing}, is not in ${where.source}`),
      );
      await expect(fetchStoredDocuments(input(chosen))).rejects.toMatchObject({
        code: "DOCUMENT_NOT_STORED",
        message: expect.stringMatching(/Nothing was changed.*Handbook\.md.*prices\.csv/s) as string,
      });
      expect(existsSync(join(root, ".masumi/documents", handbook))).toBe(false);
    });
  });
}

const folder = mkdtempSync(join(tmpdir(), "masumi-documents-"));
made.push(folder);
describeStore(
  "a folder",
  () => ({
    config: { documentsFolder: folder, aws: {} } as Place["config"],
    put: async (sha256, content) => writeFileSync(join(folder, sha256), content),
  }),
  /\/.*/,
);

describe("a document in a folder", () => {
  it("is refused when it is larger than a crew takes", async () => {
    writeFileSync(join(folder, prices), PRICES);
    truncateSync(join(folder, prices), 11 * 1024 * 1024);
    const input = { config: { documentsFolder: folder, aws: {} } as Place["config"], projectRoot: root };
    const found = await placeStoredDocuments({
      ...input,
      agents: agents(`{ stored: ${prices}, name: prices.csv }`),
    });
    expect(messages(found)).toEqual([expect.stringMatching(/has 11534336 bytes, more than 10485760/)]);
  });
});

describe("with a bucket", () => {
  let s3: LocalS3;
  beforeAll(async () => {
    s3 = await LocalS3.start();
    await s3.client.createBucket({ Bucket: "documents" });
    vi.stubEnv("MASUMI_DOCUMENTS_KEY", "test:test");
  }, 120_000);
  afterAll(async () => {
    vi.unstubAllEnvs();
    await s3[Symbol.asyncDispose]();
  });
  const open = (): Place => ({
    config: {
      documents: { bucket: "documents", endpoint: s3.endpoint, region: "us-east-1", prefix: "customers" },
      aws: {},
    } as Place["config"],
    put: async (sha256, content) =>
      void (await s3.client.putObject({
        Bucket: "documents",
        Key: `customers/stored/${sha256}`,
        Body: content,
      })),
  });
  describeStore("a bucket", open, /the bucket documents/);

  it("a look at a stack leaves out what this machine may not read, and a run does not", async () => {
    const { documents, aws } = open().config;
    const config = { documents: { ...documents, bucket: "elsewhere" }, aws } as Place["config"];
    s3.faults.push(403, 403);
    const input = { config, projectRoot: root, agents: agents(`{ stored: ${prices}, name: prices.csv }`) };
    expect(await missingDocuments(input)).toEqual([]);
    await expect(fetchStoredDocuments(input)).rejects.toMatchObject({ code: "DOCUMENTS_REFUSED" });
  });
});
