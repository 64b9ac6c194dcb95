import { setTimeout as sleep } from "node:timers/promises";

/** Does work when it is asked to, but not at the same time twice, and with a pause in between: what is asked for meanwhile is done once. */
export class Coalesced {
  readonly #work: () => Promise<void>;
  readonly #pauseMs: number;
  #running: Promise<void> | undefined;
  #isAsked = false;

  constructor(work: () => Promise<void>, pauseMs: number) {
    this.#work = work;
    this.#pauseMs = pauseMs;
  }

  ask(): void {
    this.#isAsked = true;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#isAsked) {
      this.#isAsked = false;
      await this.#work();
      await sleep(this.#pauseMs);
    }
  }
}
