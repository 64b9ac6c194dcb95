import { forgetAnswers } from "../database/answers.ts";
import { forgetRuns } from "../database/runs.ts";
import { forgetTries } from "../database/tries.ts";
import { type SweepParts, sweepDocuments } from "../documents/sweep.ts";

const EACH_MS = 3_600_000;

export interface UpkeepParts extends Omit<SweepParts, "now"> {
  /** Has the agents leave that nobody pays for any more. */
  readonly drain: () => Promise<void>;
}

/** Removes, once an hour, what nobody needs or pays for any more: agents, documents, logs of runs, tries, answers kept for repeated requests. */
export class Upkeep {
  readonly #parts: UpkeepParts;
  readonly #say: (line: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: UpkeepParts, say: (line: string) => void) {
    this.#parts = parts;
    this.#say = say;
  }

  start(): void {
    const run = () => (this.#running = this.#run());
    this.#timer = setInterval(() => void run(), EACH_MS);
    void run();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { database, keepDays, drain } = this.#parts;
    try {
      await drain();
      await sweepDocuments(this.#parts);
      await forgetRuns(database, keepDays);
      await forgetTries(database, keepDays);
      await forgetAnswers(database);
    } catch (error) {
      this.#say(`Tidying up failed, and is tried again in an hour: ${String(error)}`);
    }
  }
}
