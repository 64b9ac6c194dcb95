/** Does work of one name after the other, and of different names side by side. */
export class Serial {
  readonly #last = new Map<string, Promise<unknown>>();

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name);
    const own = (async () => {
      // What came before has told its own caller how it ended.
      await before?.catch(() => undefined);
      return work();
    })();
    this.#last.set(name, own);
    try {
      return await own;
    } finally {
      if (this.#last.get(name) === own) this.#last.delete(name);
    }
  }
}
