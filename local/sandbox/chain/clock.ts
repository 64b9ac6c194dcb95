/**
 * How fast the chain runs: so many times real time, 0 = it stands still unless advanced, "instant" = whatever is
 * under way is over when somebody looks.
 */
export type ChainSpeed = number | "instant";

/**
 * Chain time in milliseconds since 1970. It decides when a registration moves on; the stamps of rows (createdAt,
 * updatedAt) are real time, so that clients may compare them with their own clock.
 */
export class ChainClock {
  readonly speed: ChainSpeed;
  /** This machine's time in milliseconds. */
  readonly real: () => number;
  #chainAt: number;
  #realAt: number;
  #leaps: number;

  /** `startsAt` and `leaps` are the chain time at which an earlier run of the same database stopped, and its leaps. */
  constructor(options: {
    speed: ChainSpeed;
    real: () => number;
    startsAt?: number | undefined;
    leaps?: number;
  }) {
    this.speed = options.speed;
    this.real = options.real;
    this.#realAt = options.real();
    this.#chainAt = options.startsAt ?? this.#realAt;
    this.#leaps = options.leaps ?? 0;
  }

  now(): number {
    const factor = this.speed === "instant" ? 1 : this.speed;
    return Math.floor(this.#chainAt + (this.real() - this.#realAt) * factor);
  }

  /** Moves chain time forward by so many milliseconds. */
  advance(milliseconds: number): void {
    this.#chainAt = this.now() + milliseconds;
    this.#realAt = this.real();
  }

  /** Moves an instant chain forward to what is next: time that nobody has waited for. */
  leap(milliseconds: number): void {
    this.advance(milliseconds);
    this.#leaps += milliseconds;
  }

  /** By how much the chain has leapt so far, in milliseconds. */
  get leaps(): number {
    return this.#leaps;
  }

  /**
   * The time base of deadlines: chain time without leaps. A chain that runs 30 times as fast also lets an hour until a
   * deadline pass in two minutes, and a chain that is advanced passes it at once; but the leaps of an instant chain,
   * which end a transaction at the next look, do not bring a deadline nearer.
   */
  deadlineTime(): number {
    return this.now() - this.#leaps;
  }
}
