/**
 * What this run (one provider host is one run) did with which row. It keeps a live registration from being
 * burned by the clean-up of an older state entry: after a renamed resource, a forced replacement, or a run that
 * died between the two, two entries of the state name the same row.
 */
export class RunRecord {
  readonly #held = new Set<string>();
  readonly #deregistering = new Set<string>();
  readonly #replaced = new Map<string, string>();
  readonly #removals = new Map<string, Promise<void>>();
  #programSeen = false;
  readonly #unnamedBurns = new Set<string>();

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

  /** The program has a resource, of this agent, that is about to get another row instead of this one. */
  replace(rowId: string, agentId: string): void {
    this.#replaced.set(rowId, agentId);
  }

  get replaced(): ReadonlySet<string> {
    return new Set(this.#replaced.keys());
  }

  /** Rows that the agent's next registration replaces. */
  replacedBy(agentId: string): string[] {
    return [...this.#replaced].filter(([, agent]) => agent === agentId).map(([rowId]) => rowId);
  }

  /** The row is being deregistered by this run, so it is nobody's registration any more. */
  deregister(rowId: string): void {
    this.#deregistering.add(rowId);
  }

  get deregistering(): ReadonlySet<string> {
    return this.#deregistering;
  }

  /** Removes a row once, however many entries of the state name it. */
  async removeOnce(rowId: string, remove: () => Promise<void>): Promise<void> {
    const removal = this.#removals.get(rowId) ?? remove();
    this.#removals.set(rowId, removal);
    return removal;
  }

  /** Rows that this run may burn although nobody named them. */
  get unnamedBurns(): number {
    return this.#unnamedBurns.size;
  }

  countUnnamedBurn(rowId: string): void {
    this.#unnamedBurns.add(rowId);
  }

  /** Whether the row's burn has been counted already. */
  mayBurn(rowId: string): boolean {
    return this.#unnamedBurns.has(rowId);
  }
}
