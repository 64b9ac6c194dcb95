import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type StoredDocumentArgs, provider } from "../../../providers/documents/stored-document.ts";
import { LocalS3 } from "../../helpers/s3.ts";

const BUCKET = "example-documents";
const folder = mkdtempSync(join(tmpdir(), "masumi-documents-"));
const content = Buffer.alloc(11 * 1024 * 1024, "handbook ");
const sha256 = createHash("sha256").update(content).digest("hex");
const source = join(folder, "handbook.pdf");

let s3: LocalS3;
beforeAll(async () => {
  writeFileSync(source, content);
  s3 = await LocalS3.start();
  await s3.client.createBucket({ Bucket: BUCKET });
}, 120_000);
beforeEach(() => {
  vi.stubEnv("MASUMI_DOCUMENTS_KEY", "test:secret-sentinel");
  s3.asked.length = 0;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
  await s3[Symbol.asyncDispose]();
});

const inputs = (more: Partial<StoredDocumentArgs> = {}): StoredDocumentArgs => ({
  bucket: { bucket: BUCKET, region: "us-east-1", endpoint: s3.endpoint },
  key: `crews/masumi-agents/preprod/researcher/${sha256}`,
  sha256,
  bytes: content.byteLength,
  source,
  ...more,
});
const puts = () => s3.asked.filter(({ method }) => method === "PUT");

describe("a document in the bucket", () => {
  it("is put there once, found by refresh, not planned again, put again if it is gone, and removed", async () => {
    const { id, outs } = await provider.create(inputs());
    expect(await s3.keys(BUCKET)).toEqual([id]);
    const kept = await s3.client.getObject({ Bucket: BUCKET, Key: id });
    expect(Buffer.from((await kept.Body?.transformToByteArray()) ?? []).equals(content)).toBe(true);
    expect(puts()).toEqual([{ method: "PUT", path: `/storage/v1/s3/${BUCKET}/${id}` }]);
    expect(JSON.stringify(outs)).not.toContain("sentinel");

    expect(await provider.diff(id, outs, inputs())).toEqual({ changes: false, replaces: [] });
    expect(await provider.read(id, outs)).toEqual({ id, props: outs });
    await provider.create(inputs());
    expect(puts()).toHaveLength(1);

    await s3.client.putObject({ Bucket: BUCKET, Key: id, Body: "half" });
    expect(await provider.read(id, outs)).toEqual({});
    await provider.create(inputs());
    expect(await provider.read(id, outs)).toEqual({ id, props: outs });

    await provider.delete(id, outs);
    expect(await s3.keys(BUCKET)).toEqual([]);
    expect(await provider.read(id, outs)).toEqual({});
    await expect(provider.delete(id, outs)).resolves.toBeUndefined();
  });

  it("is nothing that changes with the folder of this clone; a profile changes it in place, a bucket replaces it", async () => {
    const { bucket } = inputs();
    const diff = (more: Partial<StoredDocumentArgs>) => provider.diff("x", inputs(), inputs(more));
    expect(await diff({ source: "../docs/renamed.pdf" })).toEqual({ changes: false, replaces: [] });
    expect(await diff({ bucket: { ...bucket, profile: "other" } })).toEqual({ changes: true, replaces: [] });
    expect(await diff({ bucket: { ...bucket, bucket: "other" } })).toMatchObject({
      changes: true,
      replaces: ["bucket", "key"],
    });
  });

  it("is put there in spite of an S3 that is busy for a moment", async () => {
    s3.faults.push(503);
    const { id, outs } = await provider.create(inputs());
    expect(await s3.keys(BUCKET)).toEqual([id]);
    await provider.delete(id, outs);
  });

  it("is gone with its bucket", async () => {
    const gone = inputs({ bucket: { ...inputs().bucket, bucket: "no-such-bucket" } });
    await expect(provider.delete(gone.key, gone)).resolves.toBeUndefined();
  });

  it.each<[string, () => Partial<StoredDocumentArgs>, RegExp]>([
    [
      "no bucket",
      () => ({ bucket: { ...inputs().bucket, bucket: "no-such-bucket" } }),
      /^DOCUMENTS_REFUSED: The bucket no-such-bucket at http:.* refused to store crews\/.*\nCheck masumi:documents/,
    ],
    [
      "another content than was planned",
      () => ({ sha256: "0".repeat(64) }),
      /^DOCUMENT_CHANGED: .*handbook.pdf was changed during this run/,
    ],
  ])("is refused with %s", async (_, more, message) => {
    await expect(provider.create(inputs(more()))).rejects.toThrow(message);
    expect(await s3.keys(BUCKET)).toEqual([]);
  });

  it("is refused without a key that can be read", async () => {
    vi.stubEnv("MASUMI_DOCUMENTS_KEY", "secret-sentinel");
    await expect(provider.create(inputs())).rejects.toThrow(/^DOCUMENTS_REFUSED(?![\s\S]*sentinel)/);
  });
});
