import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { destroy, up } from "../../../local/engine/index.ts";
import { LocalS3 } from "../../helpers/s3.ts";
import { type SmallProject, makeSmallProject } from "../small-project.ts";

// Each run starts two processes; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

const BUCKET = "example-documents";
const PROGRAM = `
import { readFileSync } from "node:fs";
import { StoredDocument } from "../providers/documents/index.ts";
for (const [name, args] of Object.entries(JSON.parse(readFileSync("../documents.json", "utf8"))))
  new StoredDocument(name, args);
`;

let project: SmallProject;
let s3: LocalS3;

beforeAll(async () => {
  project = await makeSmallProject("stored", PROGRAM, { MASUMI_DOCUMENTS_KEY: "test:secret-sentinel" });
  mkdirSync(join(project.root, "docs"));
  s3 = await LocalS3.start();
  await s3.client.createBucket({ Bucket: BUCKET });
});
afterAll(async () => {
  project.dispose();
  await s3[Symbol.asyncDispose]();
});

/** Declares documents of agents as the program does: a resource for each agent and content. */
function declare(...documents: readonly (readonly [agent: string, file: string])[]): string[] {
  const entries = documents.map(([agent, file]) => {
    const content = Buffer.from(`%PDF ${file}`);
    writeFileSync(join(project.root, "docs", file), content);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const bucket = { bucket: BUCKET, region: "us-east-1", endpoint: s3.endpoint };
    const args = { bucket, key: `stored/dev/${agent}/${sha256}`, sha256, bytes: content.length };
    return [`${agent}-${sha256.slice(0, 16)}`, { ...args, source: `../docs/${file}` }] as const;
  });
  writeFileSync(join(project.root, "documents.json"), JSON.stringify(Object.fromEntries(entries)));
  return entries.map(([, { key }]) => key).toSorted();
}

it("documents of two agents are stored, changed, left by one agent, put again, and removed", async () => {
  const { options, upAsPreviewed } = project;
  const keys = () => s3.keys(BUCKET).then((found) => found.toSorted());

  const first = declare(["a", "shared.pdf"], ["b", "shared.pdf"], ["a", "one.pdf"]);
  await upAsPreviewed({ create: 4 });
  expect(await keys()).toEqual(first);

  const state = readFileSync(project.stateFile, "utf8");
  expect(state).toContain(first[0]);
  expect(state).not.toContain("sentinel");

  const second = declare(["a", "shared.pdf"], ["b", "shared.pdf"], ["a", "two.pdf"]);
  await upAsPreviewed({ create: 1, delete: 1 });
  expect(await keys()).toEqual(second);

  const third = declare(["b", "shared.pdf"], ["a", "two.pdf"]);
  await upAsPreviewed({ delete: 1 });
  expect(await keys()).toEqual(third);

  await s3.client.deleteObject({ Bucket: BUCKET, Key: third[0] ?? "" });
  expect(await up({ ...options, refresh: true })).toMatchObject({ ok: true, changes: { create: 1 } });
  expect(await keys()).toEqual(third);

  expect(await destroy(options)).toMatchObject({ ok: true });
  expect(await keys()).toEqual([]);
});
