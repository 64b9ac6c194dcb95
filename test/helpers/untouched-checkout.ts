import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const masumi = join(import.meta.dirname, "../../.masumi");

/** What runs spent, and what they noted before they did: a test's would be taken for the author's. */
function traces(): string {
  const ledger = statSync(join(masumi, "ledger.jsonl"), { throwIfNoEntry: false });
  const intents = statSync(join(masumi, "intents"), { throwIfNoEntry: false });
  return JSON.stringify([ledger?.size, intents && readdirSync(join(masumi, "intents"))]);
}

/** Fails a run of the tests that left traces in this checkout's own project. */
export default function setup(): () => void {
  const before = traces();
  return () => {
    if (traces() === before) return;
    throw new Error(`The tests wrote to ${masumi}: ledger.jsonl or intents are this checkout's own.`);
  };
}
