/** The record of every request that costs: `.masumi/ledger.jsonl`, and its copy in a bucket. */
export { findAuthor } from "./author.ts";
export {
  type Author,
  LEDGER_VERSION,
  type LedgerEntry,
  type LedgerLines,
  type SpendKind,
  parseLedger,
} from "./entry.ts";
export { appendEntry, ledgerPath, readLedgerFile } from "./ledger-file.ts";
export { LedgerBucket, type LedgerPlace, ledgerPlace } from "./ledger-bucket.ts";
export { LedgerCopy, unsentWarning } from "./ledger-copy.ts";
export { type RunFacts, leaveRunFacts, readRunFacts } from "./run-facts.ts";
