import type { S3 } from "@aws-sdk/client-s3";
import { type Bucket, type BucketSettings, openBucket, s3ErrorName, s3ErrorText } from "../../../s3/index.ts";
import { ConcurrencyLimit } from "../../../common/concurrency-limit.ts";
import { type LedgerEntry, type LedgerLines, formatEntry, parseLedger } from "./entry.ts";

/** A stack's folder of ledger lines in a bucket: an object each. */
export interface LedgerPlace extends Bucket {
  readonly folder: string;
}

interface StackOfLedger {
  readonly project: string;
  /** The stack's own name, without organization and project. */
  readonly stack: string;
  /** aws:region and aws:profile. */
  readonly region: string | undefined;
  readonly profile: string | undefined;
}

/** Returns where masumi:ledger leads for a stack: each has a folder of its own, as with documents. */
export function ledgerPlace(
  { bucket, endpoint, region, prefix }: BucketSettings,
  outside: StackOfLedger,
): LedgerPlace {
  return {
    bucket,
    region: region ?? outside.region ?? "",
    folder: [...(prefix ? [prefix] : []), outside.project, outside.stack].join("/"),
    ...(endpoint ? { endpoint } : {}),
    ...(outside.profile ? { profile: outside.profile } : {}),
  };
}

/** A request waits for it, so it must not take long; what could not be sent is sent by the next run. */
const SENT_WITHIN_MS = 10_000;
const READ_WITHIN_MS = 120_000;
const ACCESS = { answerMs: SENT_WITHIN_MS, attempts: 3 };
const AT_ONCE = 16;

/** The object that shows that the bucket can be written. */
const TRIAL = "writable";
const LINE = /\.json$/;

/** A stack's ledger in a bucket. Lines are only ever added, so the deploying role needs no more right than that. */
export class LedgerBucket {
  readonly #place: LedgerPlace;
  #s3: Promise<S3> | undefined;

  constructor(place: LedgerPlace) {
    this.#place = place;
  }

  /** The folder's address, for people. */
  get address(): string {
    const { bucket, endpoint, folder } = this.#place;
    return `${endpoint ? `${endpoint}/` : "s3://"}${bucket}/${folder}`;
  }

  /** Returns an object's address: by its key, lines sort by time. */
  addressOf(entry: LedgerEntry): string {
    return `${this.address}/${nameOf(entry)}`;
  }

  /** Adds a line, unless the bucket has it. @throws Error that names the bucket and what it said */
  async add(entry: LedgerEntry): Promise<void> {
    await this.#put(nameOf(entry), formatEntry(entry));
  }

  /** Finds out whether lines can be added. @throws Error that names the bucket and what it said */
  async assertWritable(): Promise<void> {
    await this.#put(TRIAL, "What is spent is written down here.\n");
  }

  /** Returns the lines of every machine. @throws Error that names the bucket and what it said */
  async read(): Promise<LedgerLines> {
    const { bucket: Bucket } = this.#place;
    const abortSignal = AbortSignal.timeout(READ_WITHIN_MS);
    return this.#ask("cannot be read", READ_WITHIN_MS, async (s3) => {
      const keys = await this.#keys(s3, abortSignal);
      const limit = new ConcurrencyLimit(AT_ONCE);
      const textOf = async (Key: string) => {
        const { Body } = await s3.getObject({ Bucket, Key }, { abortSignal });
        return (await Body?.transformToString()) ?? "";
      };
      const texts = await Promise.all(keys.map((key) => limit.run(() => textOf(key))));
      return parseLedger(texts.join("\n"));
    });
  }

  /** Ends its connections. */
  async close(): Promise<void> {
    (await this.#s3)?.destroy();
    this.#s3 = undefined;
  }

  async #keys(s3: S3, abortSignal: AbortSignal): Promise<string[]> {
    const { bucket: Bucket, folder } = this.#place;
    const keys: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.listObjectsV2(
        { Bucket, Prefix: `${folder}/`, ...(ContinuationToken ? { ContinuationToken } : {}) },
        { abortSignal },
      );
      keys.push(...(page.Contents ?? []).flatMap(({ Key = "" }) => (LINE.test(Key) ? [Key] : [])));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    return keys;
  }

  async #put(name: string, Body: string): Promise<void> {
    const { bucket: Bucket, folder } = this.#place;
    const object = { Bucket, Key: `${folder}/${name}`, Body };
    const abortSignal = AbortSignal.timeout(SENT_WITHIN_MS);
    await this.#ask("cannot be written", SENT_WITHIN_MS, async (s3) => {
      try {
        await s3.putObject({ ...object, IfNoneMatch: "*" }, { abortSignal });
      } catch (error) {
        // The bucket has it: an earlier run sent it, but did not live to note that.
        if (s3ErrorName(error) !== "PreconditionFailed") throw error;
      }
    });
  }

  async #ask<T>(what: string, withinMs: number, ask: (s3: S3) => Promise<T>): Promise<T> {
    try {
      this.#s3 ??= openBucket(this.#place, ACCESS);
      return await ask(await this.#s3);
    } catch (error) {
      const isLate = s3ErrorName(error) === "AbortError";
      const said = isLate ? `no answer within ${withinMs / 1000} s` : s3ErrorText(error);
      throw new Error(`${this.address} ${what} (${said})`, { cause: error });
    }
  }
}

const nameOf = ({ time, id }: LedgerEntry): string => `${time.replaceAll(":", "")}-${id}.json`;
