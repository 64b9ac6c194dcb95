/** How often each route was asked: `{"POST /registry": 3}`. */
export class RequestCounts {
  readonly #counts = new Map<string, number>();

  add(route: string): void {
    this.#counts.set(route, (this.#counts.get(route) ?? 0) + 1);
  }

  byRoute(): Record<string, number> {
    return Object.fromEntries([...this.#counts].toSorted(([a], [b]) => a.localeCompare(b)));
  }

  reset(): void {
    this.#counts.clear();
  }
}
