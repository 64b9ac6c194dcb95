/** What a campaign has seen, counted by name. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(name: string, count = 1): void {
    this.#counts.set(name, this.of(name) + count);
  }

  atLeast(name: string, value: number): void {
    this.#counts.set(name, Math.max(this.of(name), value));
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Those whose name begins so, without that beginning, in alphabetical order. */
  named(beginning: string): [name: string, count: number][] {
    return [...this.#counts]
      .filter(([name]) => name.startsWith(beginning))
      .map(([name, count]): [string, number] => [name.slice(beginning.length), count])
      .toSorted(([a], [b]) => a.localeCompare(b));
  }
}
