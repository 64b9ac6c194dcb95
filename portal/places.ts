interface Most {
  /** How many places there are. @default any number */
  readonly inAll?: number;
  /** How many of them one user may have. */
  readonly each: number;
}

/** Places that users take up for a while. Each portal counts for itself. */
export class Places {
  readonly #most: Most;
  readonly #taken = new Map<string, number>();
  #all = 0;

  constructor(most: Most) {
    this.#most = most;
  }

  /** Takes a place for a user, and returns what gives it back, once however often it is called; undefined if there is none left. */
  take(userId: string): (() => void) | undefined {
    const own = this.#taken.get(userId) ?? 0;
    const { inAll = Number.POSITIVE_INFINITY, each } = this.#most;
    if (own >= each || this.#all >= inAll) return undefined;
    this.#taken.set(userId, own + 1);
    this.#all += 1;
    let isGivenBack = false;
    return () => {
      if (!isGivenBack) this.#giveBack(userId);
      isGivenBack = true;
    };
  }

  #giveBack(userId: string): void {
    const left = (this.#taken.get(userId) ?? 0) - 1;
    if (left > 0) this.#taken.set(userId, left);
    else this.#taken.delete(userId);
    this.#all -= 1;
  }
}
