/**
 * What this run (one provider host is one run) did with which row. It keeps a live registration from being
 * burned by the clean-up of an older state entry: after a renamed resource, a forced replacement, or a run that
 * died between the two, two entries of the state name the same row.
 */
export class Ledger {
  readonly #held = new Set<string>();
  readonly #condemned = new Set<string>();
  readonly #replaced = new Set<string>();
  #programSeen = false;
  #unnamedBurns = 0;

  /** A resource of the program asked for something: this run is no destroy, which asks for deletes alone. */
  sawProgram(): void {
    this.#programSeen = true;
  }

  get isDestroy(): boolean {
    return !this.#programSeen;
  }

  /** The row is the registration of a resource that the program has: created, adopted, kept or updated. */
  hold(rowId: string): void {
    this.#held.add(rowId);
  }

  holds(rowId: string): boolean {
    return this.#held.has(rowId);
  }

  /** The program has a resource that is about to get another row instead of this one. */
  replace(rowId: string): void {
    this.#replaced.add(rowId);
  }

  get replaced(): ReadonlySet<string> {
    return this.#replaced;
  }

  /** The row is being deregistered by this run, so it is nobody's registration any more. */
  condemn(rowId: string): void {
    this.#condemned.add(rowId);
  }

  get condemned(): ReadonlySet<string> {
    return this.#condemned;
  }

  get unnamedBurns(): number {
    return this.#unnamedBurns;
  }

  countUnnamedBurn(): void {
    this.#unnamedBurns += 1;
  }
}
