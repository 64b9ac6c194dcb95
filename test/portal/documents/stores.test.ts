/** What every store of documents does, on the folder and on a bucket of a real S3 (MiniStack). */
import { createHash, pbkdf2 } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bucketStore } from "../../../portal/documents/bucket.ts";
import { folderStore } from "../../../portal/documents/folder.ts";
import { openStoredObjects } from "../../../providers/documents/stored-objects.ts";
import { LocalS3 } from "../../helpers/s3.ts";

const root = mkdtempSync(join(tmpdir(), "masumi-portal-documents-"));
const KEYS = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" } as const;
const before = Object.fromEntries(Object.keys(KEYS).map((name) => [name, process.env[name]]));
let s3: LocalS3;

beforeAll(async () => {
  Object.assign(process.env, KEYS);
  s3 = await LocalS3.start();
  await s3.client.createBucket({ Bucket: "documents" });
}, 300_000);
afterAll(async () => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
  await s3[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");
async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe.each([
  ["a folder", () => ({ store: folderStore(join(root, "folder")), spool: join(root, "folder/incoming") })],
  [
    "a bucket",
    () => ({
      store: bucketStore(
        { bucket: "documents", region: "us-east-1", endpoint: s3.endpoint, prefix: "customers" },
        join(root, "incoming"),
      ),
      spool: join(root, "incoming"),
    }),
  ],
] as const)("%s", (_name, open) => {
  it("keeps what comes under its digest, and the same once", async () => {
    const { store, spool } = open();
    const stored = await store.put(chunks("one ", "document"));
    expect(stored).toEqual({ sha256: digestOf("one document"), bytes: 12 });
    expect(await store.put(chunks("one document"))).toEqual(stored);
    expect(await store.storedAt(stored.sha256)).toBeInstanceOf(Date);
    expect(await store.storedAt(digestOf("another"))).toBeUndefined();
    expect(readdirSync(spool), "nothing of it is left where it came in").toEqual([]);
  });

  it("keeps nothing of what did not come whole", async () => {
    const { store, spool } = open();
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("half");
      throw new Error("the line broke");
    }
    for (let time = 0; time < 50; time++) {
      // Files are made late while Node's threads, four of them, have other work.
      for (let thread = 0; thread < 6; thread++) pbkdf2("busy", "salt", 5_000, 32, "sha256", () => {});
      await expect(store.put(broken())).rejects.toThrow("the line broke");
    }
    expect(await store.storedAt(digestOf("half"))).toBeUndefined();
    expect(readdirSync(spool)).toEqual([]);
  });

  it("says when each was stored last, and removes one, also twice", async () => {
    const { store } = open();
    const started = Date.now();
    const { sha256 } = await store.put(chunks("of today"));
    // S3 tells whole seconds.
    expect((await store.storedAt(sha256))?.getTime()).toBeGreaterThan(started - 2_000);
    await store.remove(sha256);
    await store.remove(sha256);
    expect(await store.storedAt(sha256)).toBeUndefined();
  });

  it("tells the digest before it stores, and stores nothing if that is refused", async () => {
    const { store, spool } = open();
    const refusing = (sha256: string) => Promise.reject(new Error(`${sha256} is not claimed`));
    const digest = digestOf("unclaimed");
    await expect(store.put(chunks("unclaimed"), refusing)).rejects.toThrow(`${digest} is not claimed`);
    expect(await store.storedAt(digest)).toBeUndefined();
    expect(readdirSync(spool)).toEqual([]);
  });
});

it("a bucket encrypts by a KMS key of its owner's, and a fleet's run gets the document as it came", async () => {
  const bucket = { bucket: "encrypted", region: "us-east-1", endpoint: s3.endpoint };
  const KMSMasterKeyID = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab";
  await s3.client.createBucket({ Bucket: "encrypted" });
  await s3.client.putBucketEncryption({
    Bucket: "encrypted",
    ServerSideEncryptionConfiguration: {
      Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID } }],
    },
  });
  const store = bucketStore({ ...bucket, prefix: "customers" }, join(root, "incoming"));
  const { sha256 } = await store.put(chunks("for the ", "customer alone"));
  const Key = `customers/stored/${sha256}`;
  expect(await s3.client.headObject({ Bucket: "encrypted", Key })).toMatchObject({
    ServerSideEncryption: "aws:kms",
    SSEKMSKeyId: KMSMasterKeyID,
  });
  const objects = await openStoredObjects(bucket, "customers");
  const copy = join(root, "copy");
  expect(await objects.download(sha256, copy)).toBe(sha256);
  objects.close();
  expect(readFileSync(copy, "utf8")).toBe("for the customer alone");
});
