/** So many writes record a change of every resource, if the changes come thick and fast. */
const WRITES = 10;
/** While few changes come, the writes take no more than so many bytes a second. */
const BYTES_PER_SECOND = 4_000_000;

/**
 * When the next write of the state begins. Each costs the size of the whole state, so the larger that is, the more steps must share one:
 * what a run writes then grows with its resources, and not with their square.
 */
export class WritePace {
  readonly #parallel: number;
  #waiting = 0;
  #underWay = 0;
  #expected = false;
  #enough = 1;
  #isOver = false;
  #go: () => void = () => undefined;

  /** So many steps may be under way at the same time. */
  constructor(parallel: number) {
    this.#parallel = parallel;
  }

  /** A step waits for the next write. */
  join(): void {
    this.#waiting += 1;
    if (this.#isTime()) this.#go();
  }

  /** An operation is under way outside, and will join at its end. */
  begin(): void {
    this.#underWay += 1;
  }

  end(): void {
    this.#underWay -= 1;
  }

  /** Whether the program has said what else will change the state. */
  expect(more: boolean): void {
    this.#expected = more;
    if (this.#isTime()) this.#go();
  }

  /** The run is over: nothing waits any more. */
  close(): void {
    this.#isOver = true;
    this.#go();
  }

  /** Resolves when the state, of so many resources and bytes, shall be written. Whoever joins after that waits for another write. */
  async pause(resources: number, bytes: number): Promise<void> {
    this.#enough = Math.min(this.#parallel, resources / WRITES);
    if (!this.#isTime()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, (1000 * bytes) / BYTES_PER_SECOND);
        this.#go = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#waiting = 0;
  }

  /** Enough share the write, or nobody is left who would. */
  #isTime(): boolean {
    return this.#isOver || (this.#underWay === 0 && !this.#expected) || this.#waiting >= this.#enough;
  }
}
