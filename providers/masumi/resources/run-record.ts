/**
 * Records what this run (one provider host is one run) did with each registration. It prevents the clean-up of an older state
 * entry from burning a live registration: after a rename, a forced replacement, or a run that died in between, two entries of
 * the state refer to the same registration.
 */
export class RunRecord {
  readonly #held = new Set<string>();
  readonly #deregistering = new Set<string>();
  readonly #replaced = new Map<string, string>();
  readonly #removals = new Map<string, Promise<void>>();
  readonly #vanished = new Set<string>();
  #programSeen = false;
  readonly #declared = new Map<string, string>();
  readonly #unnamedBurns = new Set<string>();

  /** Notes that a resource of the program was checked, so this run is not a destroy, which only deletes. */
  sawProgram(): void {
    this.#programSeen = true;
  }

  get programSeen(): boolean {
    return this.#programSeen;
  }

  /** Notes which resource declares an agent. Returns the one that did so before it, if that is another one. */
  declare(agent: string, urn: string): string | undefined {
    const first = this.#declared.get(agent) ?? urn;
    this.#declared.set(agent, first);
    return first === urn ? undefined : first;
  }

  /** Returns whether a resource of the program declares the agent; of a refresh, nothing is checked. */
  isDeclared(agent: string): boolean {
    return this.#declared.has(agent);
  }

  /** Notes that the row belongs to a resource of the program: created, adopted, kept or updated. */
  hold(rowId: string): void {
    this.#held.add(rowId);
  }

  holds(rowId: string): boolean {
    return this.#held.has(rowId);
  }

  /** Notes that this agent's resource is about to get another row instead of this one. */
  replace(rowId: string, marker: string): void {
    this.#replaced.set(rowId, marker);
  }

  get replaced(): ReadonlySet<string> {
    return new Set(this.#replaced.keys());
  }

  /** Returns the rows that the next registration of the agent with this marker replaces. */
  replacedBy(marker: string): string[] {
    return [...this.#replaced].filter(([, agent]) => agent === marker).map(([rowId]) => rowId);
  }

  /** Notes that this run deregisters the row, so it no longer belongs to anybody. */
  deregister(rowId: string): void {
    this.#deregistering.add(rowId);
  }

  get deregistering(): ReadonlySet<string> {
    return this.#deregistering;
  }

  /** Notes that the service no longer lists the row. */
  vanish(rowId: string): void {
    this.#vanished.add(rowId);
  }

  /** Registrations that the state has and the service no longer lists. */
  get vanished(): ReadonlySet<string> {
    return this.#vanished;
  }

  /** Removes a row once, even if several entries of the state refer to it. */
  async removeOnce(rowId: string, remove: () => Promise<void>): Promise<void> {
    const removal = this.#removals.get(rowId) ?? remove();
    this.#removals.set(rowId, removal);
    return removal;
  }

  /** Number of registrations that this run burns without their being named. */
  get unnamedBurns(): number {
    return this.#unnamedBurns.size;
  }

  countUnnamedBurn(rowId: string): void {
    this.#unnamedBurns.add(rowId);
  }

  /** Returns whether the row's burn has already been counted. */
  mayBurn(rowId: string): boolean {
    return this.#unnamedBurns.has(rowId);
  }
}
