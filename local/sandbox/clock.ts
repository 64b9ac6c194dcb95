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

  /** `startsAt` is the chain time at which an earlier run of the same database stopped. */
  constructor(options: { speed: ChainSpeed; real: () => number; startsAt?: number | undefined }) {
    this.speed = options.speed;
    this.real = options.real;
    this.#realAt = options.real();
    this.#chainAt = options.startsAt ?? this.#realAt;
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
}
