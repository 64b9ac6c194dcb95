import { setTimeout as sleep } from "node:timers/promises";
import { commitRequests, noteForeignCommits } from "../commits/committer.ts";
import type { Database } from "../database/database.ts";
import { doubtDeployed, fleetsToLookAt } from "../database/fleets.ts";
import { REQUESTS_ADDED } from "../database/requests.ts";
import type { FleetQueue } from "./queue.ts";
import { noteRecorded } from "./recorded.ts";
import { type RunParts, lookAtFleet } from "./run-fleet.ts";

/** Also without a notification, all is looked at so often: whoever was killed left something behind, or a pause is over. */
const LOOK_EACH_MS = 5_000;
const STOPS_WITHIN_MS = 120_000;

export interface WorkerSettings {
  /** How long to wait for more before committing, in milliseconds. */
  readonly batchMs: number;
  /** How many fleets are deployed side by side. */
  readonly runs: number;
  /** Whether this portal deploys, or only commits and pushes. */
  readonly deploys: boolean;
  /** How often to fetch what others pushed, in milliseconds; undefined where there is nobody else. */
  readonly fetchesEachMs: number | undefined;
}

export interface WorkerParts extends RunParts {
  readonly queue: FleetQueue;
}

/** What the portal does by itself: commit what was accepted, and see to it that the newest commits are deployed. */
export class Worker {
  readonly #parts: WorkerParts;
  readonly #settings: WorkerSettings;
  readonly #log: (line: string) => void;
  readonly #ended = new AbortController();
  #wake: () => void = () => undefined;
  #fetchedAt = 0;
  #committing: Promise<void> = Promise.resolve();
  #stopListening: (() => Promise<void>) | undefined;

  constructor(parts: WorkerParts, settings: WorkerSettings, log: (line: string) => void) {
    this.#parts = parts;
    this.#settings = settings;
    this.#log = log;
  }

  async start(): Promise<void> {
    const { database, queue, fleets } = this.#parts;
    if (this.#settings.deploys && fleets.isLocal) await doubtDeployed(database);
    if (this.#settings.deploys)
      await queue.start(this.#settings.runs, (fleet, lost) => this.#look(fleet, lost));
    this.#stopListening = await database.listen(REQUESTS_ADDED, () => {
      // A run follows the commit that is made in a moment.
      if (this.#settings.deploys && !this.#ended.signal.aborted) this.#parts.apart.makeReady();
      this.#wake();
    });
    this.#committing = this.#keepCommitting();
  }

  /** Ends: a commit and the runs under way come to a point where nothing is lost. */
  async stop(): Promise<void> {
    this.#ended.abort();
    this.#wake();
    await this.#stopListening?.();
    await this.#committing;
    if (this.#settings.deploys) await this.#parts.queue.stop(STOPS_WITHIN_MS);
    await this.#parts.apart.close();
  }

  async #keepCommitting(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      const { promise: woken, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await this.#guarded("Committing failed", () => this.#commit());
      await this.#guarded("Looking at the fleets failed", () => this.#follow());
      const over = new AbortController();
      await Promise.race([
        woken,
        sleep(LOOK_EACH_MS, undefined, { signal: over.signal }).catch(() => undefined),
      ]);
      over.abort();
      // What comes in within a moment goes into the same commit.
      if (!this.#ended.signal.aborted) await sleep(this.#settings.batchMs);
    }
  }

  async #commit(): Promise<void> {
    const { signal } = this.#ended;
    await commitRequests(this.#parts, signal);
    const { fetchesEachMs } = this.#settings;
    if (fetchesEachMs === undefined || Date.now() - this.#fetchedAt < fetchesEachMs) return;
    // Another portal commits just now; the next look comes soon.
    if (!(await noteForeignCommits(this.#parts, signal))) return;
    await this.#parts.fleets.placeModel();
    this.#fetchedAt = Date.now();
  }

  /** What is deployed elsewhere is read where those runs write it down. */
  async #follow(): Promise<void> {
    if (this.#settings.deploys) await this.#askForLooks(this.#parts.database);
    else await this.#readRecords();
  }

  async #readRecords(): Promise<void> {
    const { database, fleets } = this.#parts;
    const { network } = fleets;
    await noteRecorded(database, { network, stackOf: (fleet) => fleets.named(fleet).stack });
  }

  async #askForLooks(database: Database): Promise<void> {
    for (const { number } of await fleetsToLookAt(database)) await this.#parts.queue.ask(number);
  }

  async #look(fleet: number, lost: AbortSignal): Promise<void> {
    const over = AbortSignal.any([lost, this.#ended.signal]);
    await this.#guarded(`Looking at fleet ${fleet} failed`, () => lookAtFleet(this.#parts, fleet, over));
  }

  /** The next look tries again whatever failed. */
  async #guarded(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      this.#log(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
}
