import { setTimeout as delay } from "node:timers/promises";
import type { ListScope, MasumiClient } from "../client/client.ts";
import type { MasumiError } from "../errors.ts";
import { isPassing } from "../client/http.ts";
import type { Row } from "../model.ts";

const MIN_PAUSE_MS = 500;
const MAX_PAUSE_MS = 15_000;
/** A pause is this part of the time since something last changed: early changes are noticed early. */
const PAUSE_SHARE = 0.1;
/** Changes are asked for from a little before the newest one known, in case the service's clocks differ. */
const OVERLAP_MS = 60_000;
/** Everything is read again after this time, so that nothing can be missed for ever. */
const FULL_READ_EVERY_MS = 5 * 60_000;
/** A wait's first look may be this old: many waits start together and share it. */
const SHARED_LOOK_MS = 250;

export interface WaitOptions<T> {
  /** What the row means for the wait: a result ends it, undefined goes on, a throw ends it with that error. */
  readonly judge: (row: Row | undefined) => T | undefined;
  /** Unix milliseconds at which the wait is over; asked after every look. */
  readonly deadline: () => number;
  /** Called with what was seen each time, while the wait goes on. */
  readonly onLook?: ((row: Row | undefined) => void) | undefined;
  /** Called with why nothing could be seen, while the wait goes on. */
  readonly onTrouble?: ((error: Error) => void) | undefined;
}

interface Waiter {
  readonly deadline: () => number;
  readonly look: (row: Row | undefined) => boolean;
  readonly trouble: ((error: Error) => void) | undefined;
  readonly end: (error?: unknown) => void;
}

/**
 * The rows of one network and payment source type as this process sees them: read once in full, then kept up
 * to date by the service's list of changes (or read again where there is none). All lookers and waiters share
 * the same reads, so their number does not matter to the service.
 */
export class RegistryView {
  readonly #client: MasumiClient;
  readonly #scope: ListScope;
  readonly #assertGoingOn: () => Promise<void>;

  #rows = new Map<string, Row>();
  /** When the newest finished read began. */
  #readAt = Number.NEGATIVE_INFINITY;
  #fullyReadAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  /** How long the newest finished read took. */
  #readMs = 0;
  /** Rows that this process was told by a write, and when: a read that began before does not undo them. */
  readonly #noted = new Map<string, { readonly row: Row; readonly at: number }>();

  readonly #waiters = new Map<Waiter, string>();
  #isWatching = false;
  #lookedAt = 0;
  #changedAt = 0;
  #nap = new AbortController();

  /** @param assertGoingOn throws when waiting has lost its sense; asked before every look of a wait */
  constructor(client: MasumiClient, scope: ListScope, assertGoingOn: () => Promise<void> = async () => {}) {
    this.#client = client;
    this.#scope = scope;
    this.#assertGoingOn = assertGoingOn;
  }

  /** Every row by id, as of at most `maxAgeMs` ago. */
  async rows(maxAgeMs: number): Promise<ReadonlyMap<string, Row>> {
    const oldest = Date.now() - maxAgeMs;
    while (this.#readAt < oldest) {
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    return this.#rows;
  }

  /** Every row by id as last read; nothing before the first reading. */
  get known(): ReadonlyMap<string, Row> {
    return this.#rows;
  }

  /** Takes over what the service answered to a write of ours. */
  note(row: Row): void {
    this.#noted.set(row.id, { row, at: Date.now() });
    this.#rows.set(row.id, row);
    this.#quicken();
  }

  /**
   * Waits for one row, together with all other waits of this view. Undefined: the time is over. A service that does not
   * answer for a moment ends no wait, but one that was never reached does, and one that does not answer when the time is over.
   *
   * @throws what `judge` throws; ServiceError, RefusedError
   */
  async waitFor<T>(
    id: string,
    { judge, deadline, onLook, onTrouble }: WaitOptions<T>,
  ): Promise<T | undefined> {
    return new Promise<T | undefined>((resolve, reject) => {
      const waiter: Waiter = {
        deadline,
        look: (row) => {
          const result = judge(row);
          if (result === undefined) onLook?.(row);
          else resolve(result);
          return result !== undefined;
        },
        trouble: onTrouble,
        end: (error) => (error === undefined ? resolve(undefined) : reject(error)),
      };
      this.#waiters.set(waiter, id);
      this.#quicken();
      void this.#watch();
    });
  }

  async #read(): Promise<void> {
    const startedAt = Date.now();
    const changed =
      startedAt - this.#fullyReadAt < FULL_READ_EVERY_MS ? await this.#readChanges() : undefined;
    if (changed) {
      this.#rows = this.#withNoted(startedAt, new Map([...this.#rows, ...byId(changed)]));
    } else {
      const all = await this.#client.listAll(this.#scope);
      this.#rows = this.#withNoted(startedAt, byId(all));
      this.#fullyReadAt = startedAt;
    }
    this.#readAt = startedAt;
    this.#readMs = Date.now() - startedAt;
  }

  async #readChanges(): Promise<Row[] | undefined> {
    const times = [...this.#rows.values()].map(({ updatedAt }) => Date.parse(updatedAt));
    if (times.length === 0) return undefined;
    const newest = times.reduce((a, b) => Math.max(a, b));
    return this.#client.listChanged(this.#scope, new Date(newest - OVERLAP_MS).toISOString());
  }

  #withNoted(startedAt: number, rows: Map<string, Row>): Map<string, Row> {
    for (const [id, { row, at }] of this.#noted) {
      if (at >= startedAt) rows.set(id, row);
      else this.#noted.delete(id);
    }
    return rows;
  }

  async #watch(): Promise<void> {
    if (this.#isWatching) return;
    this.#isWatching = true;
    try {
      for (let maxAge = SHARED_LOOK_MS; this.#waiters.size > 0; maxAge = 0) {
        await this.#look(maxAge);
        if (this.#waiters.size > 0) await this.#rest();
      }
    } finally {
      this.#isWatching = false;
    }
  }

  /** One look for all waits. */
  async #look(maxAge: number): Promise<void> {
    const before = this.#rows;
    this.#lookedAt = Date.now();
    let trouble: Error | undefined;
    try {
      await this.#assertGoingOn();
      await this.rows(maxAge);
      this.#rememberChange(before);
      this.#serve((waiter, id) => waiter.look(this.#rows.get(id)));
    } catch (error) {
      if (!isPassing(error) || this.#wasNeverReached(error)) this.#serve((waiter) => endWith(waiter, error));
      else trouble = error;
    }
    this.#serve((waiter) => {
      if (Date.now() >= waiter.deadline()) return endWith(waiter, trouble);
      if (trouble) waiter.trouble?.(trouble);
      return false;
    });
  }

  /** Nothing listens there: at the start of a run that is a wrong address rather than a bad moment. */
  #wasNeverReached(error: MasumiError): boolean {
    return error.code === "SERVICE_UNREACHABLE" && this.#readAt === Number.NEGATIVE_INFINITY;
  }

  /** Lets each wait have its turn; those that end leave. */
  #serve(turn: (waiter: Waiter, id: string) => boolean): void {
    for (const [waiter, id] of this.#waiters) {
      try {
        if (turn(waiter, id)) this.#waiters.delete(waiter);
      } catch (error) {
        this.#waiters.delete(waiter);
        waiter.end(error);
      }
    }
  }

  #rememberChange(before: ReadonlyMap<string, Row>): void {
    const moved = [...this.#waiters.values()].some(
      (id) => before.get(id)?.state !== this.#rows.get(id)?.state,
    );
    if (moved) this.#changedAt = Date.now();
  }

  /** Something is about to happen: look again soon. */
  #quicken(): void {
    this.#changedAt = Date.now();
    this.#nap.abort();
  }

  async #rest(): Promise<void> {
    for (;;) {
      const sinceChange = Date.now() - this.#changedAt;
      const wanted = Math.max(sinceChange * PAUSE_SHARE, MIN_PAUSE_MS, 2 * this.#readMs);
      const nextLook = this.#lookedAt + Math.min(wanted, MAX_PAUSE_MS);
      const deadlines = [...this.#waiters.keys()].map(({ deadline }) => deadline());
      const remaining = Math.min(nextLook, ...deadlines) - Date.now();
      if (remaining <= 0) return;
      this.#nap = new AbortController();
      await delay(remaining, undefined, { signal: this.#nap.signal }).catch(() => undefined);
    }
  }
}

const byId = (rows: readonly Row[]) => new Map(rows.map((row) => [row.id, row]));

function endWith(waiter: Waiter, error: unknown): true {
  waiter.end(error);
  return true;
}
