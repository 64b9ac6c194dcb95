/** Work of which so many pieces may be under way at a time. */
export class AtOnce {
  readonly #most: number;
  readonly #waiting = new Set<Promise<void>>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Resolves when there is room for one more. */
  async room(): Promise<void> {
    while (this.#waiting.size >= this.#most) await Promise.race(this.#waiting);
  }

  /** Counts `work` until it is settled, however that ends: whoever did it says so. */
  add(work: Promise<unknown>): void {
    const over = (): void => void this.#waiting.delete(settled);
    const settled = work.then(over, over);
    this.#waiting.add(settled);
  }
}
