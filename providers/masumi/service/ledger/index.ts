/** The record of every request that costs: `.masumi/ledger.jsonl`. */
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
export { leaveRunFacts, planOfRun } from "./run-facts.ts";
