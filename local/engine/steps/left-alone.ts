import { EngineError } from "../errors.ts";
import { dependencyUrns, type ResourceState } from "../state/resource.ts";
import { parseProviderRef, type Urn } from "../urn.ts";
import type { Decisions } from "./decisions.ts";
import type { Registration } from "./registration.ts";
import type { RunContext, Step } from "./step.ts";

/** What a run does with the resources that its targets leave out: they stay as the state has them, and what is not in it is not made. */
export class LeftAlone {
  readonly #context: RunContext;
  readonly #decisions: Decisions;
  /** Resources of the state that were brought along because others need them, as they stand in the new state. */
  readonly #carried = new Map<Urn, ResourceState>();

  constructor(context: RunContext, decisions: Decisions) {
    this.#context = context;
    this.#decisions = decisions;
  }

  /** Answers a registration without dealing with its resource. */
  steps(registration: Registration, old: ResourceState | undefined, current: ResourceState): readonly Step[] {
    const { sames, skipped } = this.#decisions;
    sames.add(current.urn);
    if (old !== undefined) return this.#untouched(old, registration);
    skipped.add(current.urn);
    return [answer(current, () => registration.done(current, { isUnknown: true }))];
  }

  /**
   * The steps of a resource that was brought along before the program registered it; undefined if it was not.
   * @throws EngineError TARGET_CONFLICT if it is a target
   */
  stepsOfCarried(registration: Registration, urn: Urn, isTarget: boolean): readonly Step[] | undefined {
    const carried = this.#carried.get(urn);
    if (carried === undefined) return undefined;
    if (isTarget) {
      throw new EngineError(
        "TARGET_CONFLICT",
        `${urn} is a target, but resources that are left alone still need it as it was.`,
        "Run once without targets.",
      );
    }
    return [answer(carried, () => registration.done(carried))];
  }

  /** What a resource needs of those that are not made, because no target names them. */
  missing(current: ResourceState): Urn[] {
    return [...dependencyUrns(current), current.parent].filter((urn) => this.#decisions.skipped.has(urn));
  }

  /** The state lists what a resource needs before it, so that is brought along, if the program has not registered it by now. */
  #untouched(old: ResourceState, registration: Registration | undefined): Step[] {
    this.#refuseReplacedProvider(old);
    const needed = [...dependencyUrns(old), old.parent].flatMap((urn) => {
      const before = this.#context.base.byUrn.get(urn);
      return before === undefined || this.#isDealtWith(urn) ? [] : this.#untouched(before, undefined);
    });
    const { urns, sames } = this.#decisions;
    urns.add(old.urn);
    sames.add(old.urn);
    const current = { ...old };
    if (registration === undefined) this.#carried.set(old.urn, current);
    return [...needed, this.#step(old, current, registration)];
  }

  #step(old: ResourceState, current: ResourceState, registration: Registration | undefined): Step {
    return {
      op: () => "same",
      urn: old.urn,
      old,
      current,
      part: false,
      changes: () => [],
      apply: () => Promise.resolve(),
      end: () => this.#context.snapshot.same(old, current),
      complete: () => registration?.done(current),
    };
  }

  #isDealtWith(former: Urn): boolean {
    const { creates, sames, updates, replaces, deletes, aliases } = this.#decisions;
    return [former, aliases.presentOf(former)].some((urn) =>
      [creates, sames, updates, replaces, deletes].some((urns) => urns.has(urn)),
    );
  }

  #refuseReplacedProvider({ urn, provider }: ResourceState): void {
    if (provider === "") return;
    const { replaces, aliases } = this.#decisions;
    const providerUrn = aliases.presentOf(parseProviderRef(provider).urn);
    if (!replaces.has(providerUrn)) return;
    throw new EngineError(
      "TARGET_CONFLICT",
      `${urn} is left alone, but its provider ${providerUrn} is replaced by this run.`,
      "Run without targets.",
    );
  }
}

/** Only answers: nothing is counted, nothing is recorded. */
const answer = (current: ResourceState, complete: () => void): Step => ({
  op: () => "same",
  urn: current.urn,
  old: undefined,
  current,
  part: true,
  changes: () => [],
  apply: () => Promise.resolve(),
  complete,
});
