import type { TryEnd } from "../try/events.ts";
import type { TryJob, TryListener, TryProcess } from "../try/try-process.ts";

/** What does a job, wherever it is done. */
export type DoesJobs = Pick<TryProcess, "run">;

/**
 * Crew runtimes that do the jobs of evaluations: so many at a time, each one job. One is started only when all others are busy, as loading
 * CrewAI takes seconds and memory.
 */
export class Runtimes implements DoesJobs {
  readonly #most: number;
  readonly #start: (number: number) => TryProcess;
  readonly #started: TryProcess[] = [];
  readonly #free: TryProcess[] = [];
  readonly #waiting: ((runtime: TryProcess) => void)[] = [];

  /** @param start starts a runtime; its number is 0, 1 and so on, by which its folder is its own */
  constructor(most: number, start: (number: number) => TryProcess) {
    this.#most = most;
    this.#start = start;
  }

  async run(job: TryJob, listener: TryListener, signal: AbortSignal): Promise<TryEnd> {
    const runtime = await this.#next();
    try {
      return await runtime.run(job, listener, signal);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(runtime);
      else this.#free.push(runtime);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#started.map((runtime) => runtime.close()));
  }

  #next(): TryProcess | Promise<TryProcess> {
    const free = this.#free.pop();
    if (free) return free;
    if (this.#started.length >= this.#most) return new Promise((resolve) => this.#waiting.push(resolve));
    const runtime = this.#start(this.#started.length);
    this.#started.push(runtime);
    return runtime;
  }
}

/** Do work for each of many, so many at a time and in their order, and return what came of it in that order. The first failure begins no more. */
export async function atATime<T, R>(
  most: number,
  all: readonly T[],
  work: (one: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let hasFailed = false;
  const worker = async (): Promise<void> => {
    while (next < all.length && !hasFailed) {
      const index = next++;
      try {
        // There is one at every index below the length.
        results[index] = await work(all[index] as T);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, all.length) }, worker));
  return results;
}
