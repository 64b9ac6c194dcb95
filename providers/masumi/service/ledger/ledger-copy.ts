import { join } from "node:path";
import { ConcurrencyLimit } from "../../../common/concurrency-limit.ts";
import type { LedgerEntry } from "./entry.ts";
import type { LedgerBucket } from "./ledger-bucket.ts";
import { appendLine, ledgerPath, readLedgerFile, readText } from "./ledger-file.ts";

const AT_ONCE = 8;

/** Where the addresses of the lines are that were sent, one a line. */
const sentPath = (projectFolder: string): string => join(projectFolder, ".masumi", "ledger-sent");

/** What to say of a bucket that cannot be written: the lines are safe as long as this machine's file is. */
export const unsentWarning = (error: unknown): string =>
  `${error instanceof Error ? error.message : String(error)}. What was spent is in .masumi/ledger.jsonl alone: keep that file, ` +
  "the next run from this folder sends it. npx masumi-agents doctor checks the bucket.";

interface CopyOptions {
  readonly projectFolder: string;
  readonly bucket: LedgerBucket;
  /** The stack whose lines go there; a project's file has those of all its stacks. */
  readonly stack: string;
}

/**
 * Sends a stack's ledger to its bucket. The file on this machine comes first and is complete; what was sent is noted beside it, so
 * whatever a run could not send, the next one does. A line may be sent twice, which the bucket takes once.
 */
export class LedgerCopy {
  readonly #options: CopyOptions;
  #sent: Promise<Set<string>> | undefined;
  #kept: Promise<void> | undefined;
  #isDown = false;
  #isReported = false;

  constructor(options: CopyOptions) {
    this.#options = options;
  }

  /**
   * Sends a line that was just written, and before the first one those that earlier runs could not send. After a failure nothing
   * more is tried in this run: requests would have to wait for a bucket that does not answer.
   *
   * @throws Error at the first failure alone; it names the bucket and what it said
   */
  async send(entry: LedgerEntry): Promise<void> {
    if (this.#isDown) return;
    try {
      this.#kept ??= this.sendKept();
      await this.#kept;
      await this.#add(entry);
    } catch (error) {
      // Several lines may have waited for the same failure.
      if (this.#isReported) return;
      this.#isReported = true;
      throw error;
    }
  }

  /** Sends what earlier runs could not send, up to the first failure. @throws Error of the bucket or the file system */
  async sendKept(): Promise<void> {
    const limit = new ConcurrencyLimit(AT_ONCE);
    const kept = await this.kept();
    const sendOne = (entry: LedgerEntry) => limit.run(async () => this.#isDown || this.#add(entry));
    const results = await Promise.allSettled(kept.map(sendOne));
    const failure = results.find((result) => result.status === "rejected");
    if (failure) throw failure.reason;
  }

  /** Returns the stack's lines of this machine that were not sent yet. @throws Error of the file system */
  async kept(): Promise<LedgerEntry[]> {
    const { projectFolder, bucket, stack } = this.#options;
    const { entries } = await readLedgerFile(ledgerPath(projectFolder));
    const sent = await this.#readSent();
    return entries.filter((entry) => entry.stack === stack && !sent.has(bucket.addressOf(entry)));
  }

  async #add(entry: LedgerEntry): Promise<void> {
    const { projectFolder, bucket } = this.#options;
    const sent = await this.#readSent();
    const address = bucket.addressOf(entry);
    if (sent.has(address)) return;
    await bucket.add(entry).catch((error: unknown) => {
      this.#isDown = true;
      throw error;
    });
    sent.add(address);
    await appendLine(sentPath(projectFolder), address);
  }

  #readSent(): Promise<Set<string>> {
    this.#sent ??= readText(sentPath(this.#options.projectFolder)).then((text) => new Set(text.split("\n")));
    return this.#sent;
  }
}
