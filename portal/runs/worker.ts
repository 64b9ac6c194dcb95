import { commitRequests } from "../commits/committer.ts";
import { allFleets } from "../database/fleets.ts";
import { REQUESTS_ADDED } from "../database/requests.ts";
import type { Settings } from "../settings.ts";
import { type RunParts, lookAtFleet } from "./run-fleet.ts";

export class Worker {
  readonly #parts: RunParts;
  readonly #settings: Settings;
  readonly #log: (line: string) => void;
  readonly #ended = new AbortController();
  #stop: (() => Promise<void>) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #busy = false;

  constructor(parts: RunParts, settings: Settings, log: (line: string) => void) {
    this.#parts = parts;
    this.#settings = settings;
    this.#log = log;
  }
  async start() {
    this.#stop = await this.#parts.database.listen(REQUESTS_ADDED, () => {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        void this.look();
      }, this.#settings.PORTAL_BATCH_MS);
    });
    void this.look();
  }
  async look() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await commitRequests(this.#parts);
      for (const { number } of await allFleets(this.#parts.database))
        await lookAtFleet(this.#parts, number, this.#ended.signal);
    } catch (error) {
      this.#log(String((error as Error).stack));
    } finally {
      this.#busy = false;
    }
  }
  async stop() {
    this.#ended.abort();
    await this.#stop?.();
  }
}
