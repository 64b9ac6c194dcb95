import { setTimeout as delay } from "node:timers/promises";
import type { ListScope, MasumiClient } from "../client/client.ts";
import { notUnderstood } from "../client/entries.ts";
import type { MasumiError } from "../errors.ts";
import { isPassing } from "../client/http.ts";
import type { Row, SkippedEntry } from "../model.ts";
import { queueLengths } from "../rules/queue.ts";

const MIN_PAUSE_MS = 500;
const MAX_PAUSE_MS = 15_000;
/** While our own writes follow each other, each soon after the one before, looks are at least this far apart: more rows are to come. */
const BURST_PAUSE_MS = 5_000;
/** A pause is this share of the time since the last change, so early changes are noticed early. */
const PAUSE_SHARE = 0.1;
/** Changes are requested from a little before the newest known one, in case the service's clocks differ. */
const OVERLAP_MS = 60_000;
/** Everything is read again after this time, so nothing can be missed forever. */
const FULL_READ_EVERY_MS = 5 * 60_000;
/** Reads are apart by this many times of what they take. */
const GATHERING = 2;
/** A wait's first read may be this old, because many waits start together and share it. */
const SHARED_LOOK_MS = 250;

export interface WaitOptions<T> {
  /** Judges the row: a result ends the wait, undefined continues it, an error ends it with that error. */
  readonly judge: (row: Row | undefined) => T | undefined;
  /** Returns the Unix milliseconds at which the wait ends; called after every poll. */
  readonly deadline: () => number;
  /** Called with the row after each poll while the wait continues. */
  readonly onLook?: ((row: Row | undefined) => void) | undefined;
  /** Called with the error if a poll failed while the wait continues. */
  readonly onTrouble?: ((error: Error) => void) | undefined;
}

interface Waiter {
  readonly deadline: () => number;
  readonly look: (row: Row | undefined) => boolean;
  readonly trouble: ((error: Error) => void) | undefined;
  readonly end: (error?: unknown) => void;
}

interface Changes {
  readonly rows: readonly Row[];
  /** Ids of the known rows that are among them, as far as their times tell. */
  readonly due: readonly string[];
}

/**
 * This process's view of the rows of one network and payment source type: read once completely, then kept up to date with the
 * service's list of changes (or read again if there is none). All readers and waiters share the same requests, so their number
 * does not matter to the service.
 */
export class RegistryView {
  readonly #client: MasumiClient;
  readonly #scope: ListScope;
  readonly #assertGoingOn: () => Promise<void>;

  #rows = new Map<string, Row>();
  /** Unfinished requests by wallet, counted when they are first asked for: a thousand waits ask after each look. */
  #queues: ReadonlyMap<string, number> | undefined;
  #list: readonly Row[] | undefined;
  #missing = 0;
  #skipped = new Map<string, SkippedEntry>();
  /** When the latest finished read was started. */
  #readAt = Number.NEGATIVE_INFINITY;
  #fullyReadAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  /** How long the latest finished read took. */
  #readMs = 0;
  /** Rows from answers to our own writes, and when: a read that was started earlier must not undo them. */
  readonly #noted = new Map<string, { readonly row: Row; readonly at: number }>();

  /** Rows that were once missing from a list of changes. */
  readonly #doubted = new Set<string>();

  readonly #waiters = new Map<Waiter, string>();
  #isWatching = false;
  /** When the first of the waits is to be given up, in Unix milliseconds. */
  #firstDeadline = Number.POSITIVE_INFINITY;
  #lookedAt = 0;
  #changedAt = 0;
  #notedAt = 0;
  #nap = new AbortController();

  /** @param assertGoingOn throws if waiting no longer makes sense; called before every poll of a wait */
  constructor(client: MasumiClient, scope: ListScope, assertGoingOn: () => Promise<void> = async () => {}) {
    this.#client = client;
    this.#scope = scope;
    this.#assertGoingOn = assertGoingOn;
  }

  /** Returns every row by id, as of at most `maxAgeMs` ago. */
  async rows(maxAgeMs: number): Promise<ReadonlyMap<string, Row>> {
    const oldest = Date.now() - maxAgeMs;
    while (this.#readAt < oldest) {
      this.#reading ??= this.#readTogether().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    return this.#rows;
  }

  /**
   * Returns one row, as of at most `maxAgeMs` ago; undefined if there is none.
   *
   * @throws RegistrationError ENTRY_NOT_UNDERSTOOD; ServiceError, RefusedError
   */
  async find(id: string, maxAgeMs: number): Promise<Row | undefined> {
    await this.rows(maxAgeMs);
    return this.#expect(id);
  }

  #expect(id: string): Row | undefined {
    const skipped = this.#skipped.get(id);
    if (skipped) throw notUnderstood(skipped);
    return this.#rows.get(id);
  }

  /** What the last read skipped: it is no standard agent's, or cannot be understood. */
  get skipped(): Iterable<SkippedEntry> {
    return this.#skipped.values();
  }

  /** Every row as of the last read, in the service's order; the same array until something changes. */
  get list(): readonly Row[] {
    this.#list ??= [...this.#rows.values()];
    return this.#list;
  }

  /** Every row by id as of the last read; empty before the first. */
  get known(): ReadonlyMap<string, Row> {
    return this.#rows;
  }

  /** Returns how many requests of a wallet are not finished, as of the last read. */
  queueLength(vkey: string): number {
    this.#queues ??= queueLengths(this.#rows.values());
    return this.#queues.get(vkey) ?? 0;
  }

  /** How many rows the last complete read lacked, according to the service's own count. */
  get missing(): number {
    return this.#missing;
  }

  /** Stores the service's answer to one of our writes. */
  note(row: Row): void {
    this.#notedAt = Date.now();
    this.#noted.set(row.id, { row, at: this.#notedAt });
    this.#rows.set(row.id, row);
    this.#forgetDerived();
    this.#quicken();
  }

  /**
   * Waits for one row, together with all other waits of this view; returns undefined after the deadline. Temporary errors do
   * not end a wait, unless the service was never reached or still fails at the deadline.
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
      this.#firstDeadline = Math.min(this.#firstDeadline, deadline());
      this.#quicken();
      void this.#watch();
    });
  }

  #forgetDerived(): void {
    this.#queues = undefined;
    this.#list = undefined;
  }

  /** Waits a little if the latest read has just ended, for what else is about to ask: after each of many writes somebody does. */
  async #readTogether(): Promise<void> {
    const pause = this.#readAt + (1 + GATHERING) * Math.min(this.#readMs, MIN_PAUSE_MS) - Date.now();
    if (pause > 0) await delay(pause);
    await this.#read();
  }

  async #read(): Promise<void> {
    const startedAt = Date.now();
    const skipped: SkippedEntry[] = [];
    const onSkipped = (entry: SkippedEntry) => void skipped.push(entry);
    const changed =
      startedAt - this.#fullyReadAt < FULL_READ_EVERY_MS ? await this.#readChanges(onSkipped) : undefined;
    if (changed && !this.#lacksAwaited(changed)) {
      const rows = new Map([...this.#rows, ...byId(changed.rows)]);
      for (const { id } of skipped) rows.delete(id);
      const before = [...this.#skipped].filter(([id]) => !changed.rows.some((row) => row.id === id));
      this.#skipped = new Map([...before, ...byId(skipped)]);
      this.#rows = this.#withNoted(startedAt, rows);
    } else {
      skipped.length = 0;
      let missing = 0;
      const onShort = (short: number) => void (missing = short);
      const all = await this.#client.listAll(this.#scope, { onShort, onSkipped });
      this.#missing = missing;
      this.#skipped = byId(skipped);
      this.#rows = this.#withNoted(startedAt, byId(all));
      this.#fullyReadAt = startedAt;
    }
    this.#forgetDerived();
    this.#readAt = startedAt;
    this.#readMs = Date.now() - startedAt;
  }

  async #readChanges(onSkipped: (entry: SkippedEntry) => void): Promise<Changes | undefined> {
    const times = [...this.#rows.values()].map(({ updatedAt }) => Date.parse(updatedAt));
    if (times.length === 0) return undefined;
    const since = times.reduce((a, b) => Math.max(a, b)) - OVERLAP_MS;
    const due = [...this.#rows.values()].filter(({ updatedAt }) => Date.parse(updatedAt) >= since);
    const options = { onSkipped };
    const rows = await this.#client.listChanged(this.#scope, new Date(since).toISOString(), options);
    return rows && { rows, due: due.map(({ id }) => id) };
  }

  /**
   * Returns whether the list of changes lacks a row that is waited for and belongs there: it may be in no list any more, which only
   * a complete read tells. A row is doubted once, as the service may have touched it without a change of its state.
   */
  #lacksAwaited({ rows, due }: Changes): boolean {
    const listed = new Set(rows.map(({ id }) => id));
    const awaited = new Set(this.#waiters.values());
    const lacking = due.filter((id) => awaited.has(id) && !listed.has(id) && !this.#doubted.has(id));
    for (const id of lacking) this.#doubted.add(id);
    return lacking.length > 0;
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
        // Also before the first: waits that come and end one after the other would each be a look of its own.
        await this.#rest();
        await this.#look(maxAge);
      }
    } finally {
      this.#isWatching = false;
    }
  }

  /** Polls once for all waits. */
  async #look(maxAge: number): Promise<void> {
    const before = this.#rows;
    this.#lookedAt = Date.now();
    let trouble: Error | undefined;
    try {
      await this.#assertGoingOn();
      await this.rows(maxAge);
      this.#rememberChange(before);
      this.#serve((waiter, id) => waiter.look(this.#expect(id)));
    } catch (error) {
      if (!isPassing(error) || this.#wasNeverReached(error)) this.#serve((waiter) => endWith(waiter, error));
      else trouble = error;
    }
    let firstDeadline = Number.POSITIVE_INFINITY;
    this.#serve((waiter) => {
      const deadline = waiter.deadline();
      if (Date.now() >= deadline) return endWith(waiter, trouble);
      firstDeadline = Math.min(firstDeadline, deadline);
      if (trouble) waiter.trouble?.(trouble);
      return false;
    });
    this.#firstDeadline = firstDeadline;
  }

  /** At the start of a run, nothing or a web page at the address means a wrong one rather than a temporary problem. */
  #wasNeverReached({ code }: MasumiError): boolean {
    const isElsewhere = code === "SERVICE_UNREACHABLE" || code === "ANSWER_NOT_JSON";
    return isElsewhere && this.#readAt === Number.NEGATIVE_INFINITY;
  }

  /** Serves each wait, and removes those that end. */
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

  /** Polls again soon, because something is about to happen. */
  #quicken(): void {
    this.#changedAt = Date.now();
    this.#nap.abort();
  }

  async #rest(): Promise<void> {
    for (;;) {
      const sinceChange = Date.now() - this.#changedAt;
      const wanted = Math.max(sinceChange * PAUSE_SHARE, MIN_PAUSE_MS, 2 * this.#readMs);
      const burst = Math.min(this.#notedAt + MIN_PAUSE_MS, this.#lookedAt + BURST_PAUSE_MS);
      const nextLook = Math.max(this.#lookedAt + Math.min(wanted, MAX_PAUSE_MS), burst);
      const remaining = Math.min(nextLook, this.#firstDeadline) - Date.now();
      if (remaining <= 0) return;
      this.#nap = new AbortController();
      await delay(remaining, undefined, { signal: this.#nap.signal }).catch(() => undefined);
    }
  }
}

const byId = <T extends { readonly id: string }>(list: readonly T[]) =>
  new Map(list.map((one) => [one.id, one]));

function endWith(waiter: Waiter, error: unknown): true {
  waiter.end(error);
  return true;
}
