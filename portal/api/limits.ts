import { tooMany } from "./problems.ts";

/** So many users are remembered; whoever was longest silent is forgotten, and has a full bucket again by then. */
const MOST_USERS = 10_000;

const MEBIBYTE = 1024 * 1024;
const MINUTES_A_DAY = 1440;

interface Bucket {
  tokens: number;
  at: number;
}

/** Lets each user send a burst of requests, and then so many a minute. Each portal counts for itself. */
export class RateLimit {
  readonly #burst: number;
  readonly #aMinute: number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(burst: number, aMinute: number, now: () => number = Date.now) {
    this.#burst = burst;
    this.#aMinute = aMinute;
    this.#now = now;
  }

  /** Takes a token of a user's. @throws HttpProblem 429 if there is none */
  take(userId: string): void {
    const now = this.#now();
    const bucket = this.#buckets.get(userId) ?? { tokens: this.#burst, at: now };
    const gained = ((now - bucket.at) / 60_000) * this.#aMinute;
    const tokens = Math.min(this.#burst, bucket.tokens + gained);
    this.#buckets.delete(userId);
    this.#buckets.set(userId, { tokens: tokens < 1 ? tokens : tokens - 1, at: now });
    if (this.#buckets.size > MOST_USERS) this.#buckets.delete(this.#buckets.keys().next().value ?? "");
    if (tokens < 1) throw tooMany(Math.ceil(((1 - tokens) / this.#aMinute) * 60));
  }
}

/** Counts what each user uploads, by begun mebibytes: documents are kept for days, also those of a form that was refused. */
export class Uploads {
  readonly #limit: RateLimit;

  constructor(mebibytesADay: number) {
    this.#limit = new RateLimit(mebibytesADay, mebibytesADay / MINUTES_A_DAY);
  }

  /** Hands a document on for as long as its user may upload more. @throws HttpProblem 429 */
  async *counted(userId: string, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let [length, counted] = [0, 0];
    for await (const chunk of body) {
      length += chunk.length;
      for (; counted * MEBIBYTE < length; counted += 1) this.#limit.take(userId);
      yield chunk;
    }
  }
}
