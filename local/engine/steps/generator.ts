import { EngineError } from "../errors.ts";
import type { CheckFailure, DiffResult } from "../providers/provider.ts";
import { emptyState, type ResourceState } from "../state/resource.ts";
import { isProviderType, makeUrn, ROOT_STACK_TYPE, type Urn } from "../urn.ts";
import { containsUnknowns, deepEquals, masked, PROVIDER_CODE, type PropertyMap } from "../values.ts";
import { createReplacementStep, createStep, replaceStep } from "./create.ts";
import { Bail, type Decisions } from "./decisions.ts";
import { Aliases } from "./aliases.ts";
import { diffResource, providerForcesReplacement } from "./diff.ts";
import { applyIgnoreChanges } from "./ignore-changes.ts";
import type { Goal, Registration } from "./registration.ts";
import { LeftAlone } from "./left-alone.ts";
import { planReplacement } from "./replacement.ts";
import { sameStep } from "./same.ts";
import { providerFor, type RunContext, type Step } from "./step.ts";
import { updateStep } from "./update.ts";

/**
 * Turns what the program registers into steps, one registration at a time: check the inputs, compare with the state, decide. It is never
 * entered twice at once.
 */
export class StepGenerator {
  readonly #context: RunContext;
  readonly decisions: Decisions;
  readonly #leftAlone: LeftAlone;
  /** A problem was reported that fails the run at its end (previews go on to show the rest). */
  sawError = false;

  constructor(context: RunContext) {
    this.#context = context;
    this.decisions = {
      urns: new Set(),
      creates: new Set(),
      sames: new Set(),
      updates: new Set(),
      replaces: new Set(),
      deletes: new Set(),
      deleted: new Set(),
      skipped: new Set(),
      aliases: new Aliases(context.stack, context.project),
    };
    this.#leftAlone = new LeftAlone(context, this.decisions);
  }

  /** @throws Bail when a problem was reported, anything else is to be reported under the resource */
  async generate(registration: Registration): Promise<readonly Step[]> {
    const { goal } = registration;
    const { project, stack, reporter, trust } = this.#context;
    // Before the provider hears of them: it may print them.
    reporter.learnSecrets(goal.inputs);
    trust.learn(goal.inputs);
    if (goal.parent !== "" && !this.decisions.urns.has(goal.parent)) {
      throw new EngineError("UNKNOWN_PARENT", `Could not find the parent resource ${goal.parent}.`);
    }
    const urn = makeUrn(stack, project, goal.parent, goal.type, goal.name);
    const carried = this.#leftAlone.stepsOfCarried(registration, urn, this.#context.targets.name(urn));
    if (carried !== undefined) return carried;
    if (this.decisions.urns.has(urn)) {
      reporter.error(`Duplicate resource URN '${urn}'; try giving it a unique name`, urn);
      throw new Bail(`duplicate URN ${urn}`);
    }
    this.decisions.urns.add(urn);
    const { old, problem } = this.#former(urn, goal);
    const current = newState(urn, goal, old);
    // The stack itself and providers are always dealt with.
    const isImplied = isProviderType(goal.type) || goal.type === ROOT_STACK_TYPE;
    if (!this.#context.targets.include(current) && !isImplied) {
      if (problem) throw new Bail(`${urn} is claimed twice`);
      return this.#leftAlone.steps(registration, old, current);
    }
    this.#refuseMissing(current);
    if (!this.#context.preview && containsUnknowns(goal.inputs)) {
      throw new EngineError("UNKNOWN_INPUT", `${urn}: an input is unknown, although this is not a preview.`);
    }
    const recreating = this.decisions.deletes.has(old?.urn ?? urn);
    if (old !== undefined && !recreating && !problem && this.#isSettled(goal, old, current)) {
      this.decisions.sames.add(urn);
      return [sameStep(this.#context, registration, old, current)];
    }
    await this.#check(goal, current, recreating ? undefined : old);
    if (problem) throw new Bail(`${urn} is claimed twice`);

    if (recreating && old !== undefined) {
      this.decisions.deletes.delete(old.urn);
      this.decisions.replaces.add(urn);
      return [
        replaceStep(old, current),
        createReplacementStep(this.#context, registration, old, current, false),
      ];
    }
    if (old === undefined) {
      this.decisions.creates.add(urn);
      return [createStep(this.#context, registration, current)];
    }
    return this.#change(registration, old, current);
  }

  /** A target cannot be made of what is not made. @throws Bail */
  #refuseMissing(current: ResourceState): void {
    const missing = this.#leftAlone.missing(current);
    for (const urn of new Set(missing)) {
      this.#context.reporter.error(
        `TARGET_NEEDS_OTHER: Resource '${current.urn}' depends on '${urn}', which does not exist yet, and which no target names.`,
        current.urn,
      );
      this.sawError = true;
    }
    // A preview goes on, so that all that is missing is named at once.
    if (missing.length > 0 && !this.#context.preview) throw new Bail(`${current.urn} needs what is not made`);
  }

  /** The state that a resource had under its own URN, else under the first of its aliases that the state holds. */
  #former(urn: Urn, goal: Goal): { old: ResourceState | undefined; problem: boolean } {
    const { base, registry, reporter } = this.#context;
    const { aliases, urns } = this.decisions;
    const claim = (taken: Urn, by: Urn): true => {
      reporter.error(`${urn} and ${by} both claim ${taken} through an alias; only one resource can.`, urn);
      return true;
    };
    const owner = aliases.takenBy(urn);
    let problem = owner === undefined ? false : claim(urn, owner);
    const own = base.byUrn.get(urn);
    if (own !== undefined) return { old: own, problem };
    const former = aliases.candidates(goal).find((candidate) => base.byUrn.has(candidate));
    if (former === undefined) return { old: undefined, problem };
    const other = aliases.takenBy(former) ?? (urns.has(former) ? former : undefined);
    if (other !== undefined) problem = claim(former, other);
    aliases.take(former, urn);
    registry.alias(urn, former);
    return { old: base.byUrn.get(former), problem };
  }

  /** Whether nothing has to be asked: the inputs are those of the last run, and they alone decide. */
  #isSettled(goal: Goal, old: ResourceState, current: ResourceState): boolean {
    const code = goal.custom ? goal.inputs[PROVIDER_CODE] : undefined;
    return (
      typeof code === "string" &&
      this.#context.decidesByInputs(code) &&
      !old.pendingReplacement &&
      old.initErrors.length === 0 &&
      old.provider === current.provider &&
      !this.decisions.replaces.has(current.deletedWith) &&
      deepEquals(old.inputs, goal.inputs)
    );
  }

  /** Compares with the state: replace, update, or leave alone. */
  async #change(
    registration: Registration,
    old: ResourceState,
    current: ResourceState,
  ): Promise<readonly Step[]> {
    const diff = await this.#diff(old, current);
    const { urn } = current;
    if (old.pendingReplacement || (diff.changes === "some" && diff.replaceKeys.length > 0)) {
      await this.#prepareReplacement(registration.goal, old, current);
      return planReplacement(this.#context, this.decisions, registration, old, current, diff);
    }
    // A resource that was created but not initialised gets another update, although its inputs are the same.
    if (diff.changes === "some" || old.initErrors.length > 0) {
      this.decisions.updates.add(urn);
      return [updateStep(this.#context, registration, old, current)];
    }
    this.decisions.sames.add(urn);
    return [sameStep(this.#context, registration, old, current)];
  }

  async #prepareReplacement(goal: Goal, old: ResourceState, current: ResourceState): Promise<void> {
    const { urn } = current;
    if (current.protect && old.protect) {
      this.#context.reporter.error(
        `unable to replace resource "${urn}"\nas it is currently marked for protection. To unprotect the resource, ` +
          "remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`",
        urn,
      );
      this.sawError = true;
      // A preview goes on, so that the difference that causes it is shown.
      if (!this.#context.preview) throw new Bail(`${urn} is protected`);
    }
    this.decisions.replaces.add(urn);
    // The replacement owes nothing to the old inputs, so they are checked anew without them.
    current.inputs = goal.inputs;
    await this.#check(goal, current, undefined);
  }

  /** Has the provider check and complete the inputs. @throws Bail */
  async #check(goal: Goal, current: ResourceState, old: ResourceState | undefined): Promise<void> {
    const { reporter, preview } = this.#context;
    const { urn } = current;
    let news = goal.inputs;
    if (old !== undefined && goal.ignoreChanges.length > 0) {
      const ignored = applyIgnoreChanges(news, old.inputs, goal.ignoreChanges);
      news = ignored.inputs;
      if (ignored.invalid.length > 0) {
        reporter.info(
          `cannot ignore changes in added or removed elements of the path: "${ignored.invalid.join(", ")}"`,
          urn,
        );
      }
    }
    current.inputs = news;
    if (!goal.custom) return;
    const provider = await providerFor(this.#context, current);
    const { inputs, failures } = await provider.check({ urn, preview, olds: old?.inputs ?? {}, news });
    current.inputs = inputs;
    for (const failure of failures) reporter.error(failureMessage(goal, inputs, failure), urn);
    if (failures.length > 0) throw new Bail(`${urn} is invalid`);
  }

  async #diff(old: ResourceState, current: ResourceState): Promise<DiffResult> {
    const replace = (key: string): DiffResult => ({
      changes: "some",
      replaceKeys: [key],
      deleteBeforeReplace: false,
    });
    if (current.deletedWith !== "" && this.decisions.replaces.has(current.deletedWith))
      return replace("deletedWith");
    if (await providerForcesReplacement(this.#context, this.decisions.aliases, old, current))
      return replace("provider");
    if (!current.custom) {
      const changes = deepEquals(old.inputs, current.inputs) ? "none" : "some";
      return { changes, replaceKeys: [], deleteBeforeReplace: false };
    }
    return diffResource(this.#context, old, current.inputs, current);
  }
}

function newState(urn: Urn, goal: Goal, old: ResourceState | undefined): ResourceState {
  return {
    ...emptyState(urn, goal.type, goal.custom),
    inputs: goal.inputs,
    parent: goal.parent,
    protect: goal.protect ?? false,
    retainOnDelete: goal.retainOnDelete ?? false,
    deletedWith: goal.deletedWith,
    dependencies: goal.dependencies,
    propertyDependencies: goal.propertyDependencies,
    provider: goal.provider,
    additionalSecretOutputs: goal.additionalSecretOutputs,
    aliases: old === undefined || old.urn === urn ? [] : [old.urn],
    customTimeouts: goal.customTimeouts,
    created: old?.created ?? "",
    modified: old?.modified ?? "",
    sourcePosition: goal.sourcePosition,
    stackTrace: goal.stackTrace,
    ignoreChanges: goal.ignoreChanges,
  };
}

function failureMessage(goal: Goal, inputs: PropertyMap, { property, reason }: CheckFailure): string {
  if (property === "") return `${goal.type} resource '${goal.name}' has a problem: ${reason}`;
  const value = JSON.stringify(masked(inputs[property] ?? null));
  return `${goal.type} resource '${goal.name}': property ${property} value ${value} has a problem: ${reason}`;
}
