import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { S3 } from "@aws-sdk/client-s3";
import * as pulumi from "@pulumi/pulumi";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { type Bucket, s3ErrorName } from "../s3/index.ts";
import { openDocuments, refused } from "./bucket.ts";
import { DocumentsError } from "./errors.ts";

export interface StoredDocumentArgs {
  readonly bucket: Bucket;
  /** The object's key. It ends in the digest of the content, so a key never has different contents. */
  readonly key: string;
  readonly sha256: string;
  readonly bytes: number;
  /** The file with the content, relative to the folder in which the engine runs programs. */
  readonly source: string;
}

type Inputs = StoredDocumentArgs;

const MISSING = ["NoSuchKey", "NotFound"];

/** Runs one at a time, because documents are loaded into memory as a whole to be signed. */
let queue: Promise<unknown> = Promise.resolve();
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = queue.then(work, work);
  queue = mine.catch(() => undefined);
  return mine;
}

async function inBucket<T>(inputs: Inputs, request: string, ask: (s3: S3) => Promise<T>): Promise<T> {
  const s3 = await openDocuments(inputs.bucket);
  try {
    return await ask(s3);
  } catch (error) {
    throw refused(error, `${request} ${inputs.key}`, inputs.bucket);
  } finally {
    s3.destroy();
  }
}

/** Returns whether the object exists with its full size. */
const isStored = ({ bucket: { bucket }, key, bytes }: Inputs, s3: S3): Promise<boolean> =>
  s3.headObject({ Bucket: bucket, Key: key }).then(
    ({ ContentLength }) => ContentLength === bytes,
    (error: unknown) => {
      if (MISSING.includes(s3ErrorName(error))) return false;
      throw error;
    },
  );

async function contentOf({ source, sha256 }: Inputs): Promise<Buffer> {
  const content = await readFile(source);
  if (createHash("sha256").update(content).digest("hex") === sha256) return content;
  throw new DocumentsError("DOCUMENT_CHANGED", `${source} was changed during this run.`, "Run it again.");
}

const store = (inputs: Inputs) =>
  inTurn(() =>
    inBucket(inputs, "to store", async (s3) => {
      if (await isStored(inputs, s3)) return;
      const { bucket, key } = inputs;
      await s3.putObject({ Bucket: bucket.bucket, Key: key, Body: await contentOf(inputs) });
    }),
  );

const placeOf = ({ bucket: { bucket, endpoint }, key }: Inputs) => JSON.stringify([bucket, endpoint, key]);

/** The dynamic provider behind StoredDocument. */
export const provider = {
  async diff(_id: string, olds: Inputs, news: Inputs) {
    const isMoved = placeOf(olds) !== placeOf(news);
    const isReachedOtherwise = JSON.stringify(olds.bucket) !== JSON.stringify(news.bucket);
    // The path of the content on this machine makes no difference in the bucket.
    return { changes: isMoved || isReachedOtherwise, replaces: isMoved ? ["bucket", "key"] : [] };
  },

  async create(inputs: Inputs) {
    await store(inputs);
    return { id: inputs.key, outs: inputs };
  },

  async update(_id: string, _olds: Inputs, news: Inputs) {
    await store(news);
    return { outs: news };
  },

  /** Reports the object as gone unless it is complete, so the next run stores it again. */
  async read(id: string, props: Inputs) {
    const isThere = await inBucket(props, "to show", (s3) => isStored(props, s3));
    return isThere ? { id, props } : {};
  },

  async delete(_id: string, inputs: Inputs) {
    await inBucket(inputs, "to remove", async (s3) => {
      try {
        await s3.deleteObject({ Bucket: inputs.bucket.bucket, Key: inputs.key });
      } catch (error) {
        if (s3ErrorName(error) !== "NoSuchBucket") throw error;
      }
    });
  },
};

/**
 * A document of an agent in the stack's bucket: stored once, by the digest of its content, and removed when the agent no
 * longer declares it. It contains no credentials.
 */
export class StoredDocument extends pulumi.CustomResource {
  constructor(name: string, args: StoredDocumentArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "pulumi-nodejs:dynamic/crew:StoredDocument",
      name,
      {
        ...args,
        __provider: PROVIDER_TEXTS.StoredDocument,
      },
      options,
    );
  }
}
