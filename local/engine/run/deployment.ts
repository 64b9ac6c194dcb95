import { onCancel } from "./cancellation.ts";
import { EngineError, messageOf } from "../errors.ts";
import { EventQueue } from "./events-queue.ts";
import { DependencyGraph } from "../state/graph.ts";
import type { ResourceState } from "../state/resource.ts";
import { performDeletes } from "../steps/deletions.ts";
import { StepExecutor } from "../steps/executor.ts";
import { Bail } from "../steps/decisions.ts";
import { StepGenerator } from "../steps/generator.ts";
import { refreshStep, type RefreshStep } from "../steps/refresh.ts";
import type { ProgramEvent } from "../steps/registration.ts";
import type { BaseState, RunContext } from "../steps/step.ts";
import { makeUrn, ROOT_STACK_TYPE } from "../urn.ts";
import { containsUnknowns, type PropertyMap, reuseUnchanged } from "../values.ts";

export interface DeploymentOptions {
  readonly context: RunContext;
  readonly parallel: number;
  readonly signal: AbortSignal;
}

export function baseState(resources: readonly ResourceState[]): BaseState {
  return {
    resources,
    byUrn: new Map(resources.filter((state) => !state.delete).map((state) => [state.urn, state])),
    graph: new DependencyGraph(resources),
  };
}

/** Where the registrations of the user's program come from, when a run has one. */
export interface Source {
  readonly events: EventQueue<ProgramEvent>;
}

/**
 * Carries out what the program registers, then deletes what it did not register. Without a source nothing is registered, so everything
 * is deleted: a destroy. Returns whether all went well (problems are reported by then) and the outputs that the program gave the stack. Every step that began has ended, and is recorded.
 */
export async function deploy(
  { context, parallel, signal }: DeploymentOptions,
  source: Source | undefined,
): Promise<{ ok: boolean; stackOutputs: PropertyMap | undefined }> {
  const events = source?.events ?? endedQueue();
  const executor = new StepExecutor(context, {
    parallel,
    ignoreErrors: false,
    onFailure: () => events.close(),
  });
  const stopListening = onCancel(signal, context, executor, () => events.close());
  try {
    const run = new ProgramRun(context, executor, events, signal);
    const completed = (await run.followProgram()) && (await run.deleteTheRest());
    if (!completed) executor.stop();
    await executor.drain();
    const ok = completed && !executor.failed && !executor.stopped && !run.generator.sawError;
    return { ok, stackOutputs: run.finishStackOutputs(ok) };
  } finally {
    stopListening();
  }
}

function endedQueue(): EventQueue<ProgramEvent> {
  const events = new EventQueue<ProgramEvent>();
  events.push({ kind: "end" });
  return events;
}

class ProgramRun {
  readonly generator: StepGenerator;
  readonly #context: RunContext;
  readonly #executor: StepExecutor;
  readonly #events: EventQueue<ProgramEvent>;
  readonly #signal: AbortSignal;
  #stackOutputs: Extract<ProgramEvent, { kind: "outputs" }> | undefined;

  constructor(
    context: RunContext,
    executor: StepExecutor,
    events: EventQueue<ProgramEvent>,
    signal: AbortSignal,
  ) {
    this.#context = context;
    this.#executor = executor;
    this.#events = events;
    this.#signal = signal;
    this.generator = new StepGenerator(context);
  }

  /** Deals with the program's events one by one. False: the run failed or was cancelled, nothing more may begin. */
  async followProgram(): Promise<boolean> {
    const { snapshot } = this.#context;
    for (;;) {
      snapshot.expect(!this.#events.isEmpty);
      const event = await this.#events.next();
      snapshot.expect(event?.kind === "register");
      if (event === undefined) return false;
      if (event.kind === "end") return true;
      if (event.kind === "failed") {
        if (event.error !== undefined && event.error.message !== "")
          this.#context.reporter.error(event.error.message);
        return false;
      }
      try {
        await this.#handle(event);
      } catch (error) {
        // A question to a provider that was cut off, because the run was cancelled, needs no word.
        if (!(error instanceof Bail) && !this.#signal.aborted)
          this.#context.reporter.error(messageOf(error), this.#urnOf(event));
        return false;
      }
    }
  }

  /** Deletes what the program did not register. False: that was refused. */
  async deleteTheRest(): Promise<boolean> {
    const { base, targets } = this.#context;
    try {
      targets.refuseUnknown(
        new Set([...this.generator.decisions.urns, ...base.resources.map(({ urn }) => urn)]),
      );
      return await performDeletes(this.#context, this.generator.decisions, this.#executor);
    } catch (error) {
      this.#context.reporter.error(messageOf(error));
      return false;
    }
  }

  /**
   * The outputs of the stack are registered last, when it is known how the run went: after an error an output that is missing may only be
   * missing because the program did not get that far, so the old ones are kept.
   */
  finishStackOutputs(ok: boolean): PropertyMap | undefined {
    const event = this.#stackOutputs;
    if (event === undefined) return undefined;
    const old = this.#context.base.byUrn.get(event.urn)?.outputs ?? {};
    const outputs = ok ? event.outputs : { ...old, ...event.outputs };
    this.#registerOutputs({ ...event, outputs });
    return outputs;
  }

  async #handle(event: Extract<ProgramEvent, { kind: "register" | "outputs" }>): Promise<void> {
    if (event.kind === "register") {
      const steps = await this.generator.generate(event);
      await this.#executor.submit(steps);
      return;
    }
    this.#context.reporter.learnSecrets(event.outputs);
    if (event.urn === this.#stackUrn()) this.#stackOutputs = event;
    else this.#registerOutputs(event);
    event.done();
  }

  #registerOutputs({ urn, outputs: told }: Extract<ProgramEvent, { kind: "outputs" }>): void {
    if (this.generator.decisions.skipped.has(urn)) return;
    const outputs = this.#context.targets.areGiven ? this.#withoutUnknowns(urn, told) : told;
    const step = this.#executor.pending.get(urn);
    const state = step?.current;
    if (step === undefined || state === undefined) {
      throw new EngineError(
        "UNEXPECTED_OUTPUTS",
        `${urn}: outputs were registered for a resource that was not registered.`,
      );
    }
    if (!this.#context.preview && containsUnknowns(outputs)) {
      throw new EngineError("UNKNOWN_OUTPUT", `${urn}: an output is not known at the end of the run.`);
    }
    this.#executor.pending.delete(urn);
    state.outputs = reuseUnchanged(state.outputs, outputs);
    if (!this.#context.preview) this.#context.snapshot.changed(state);
  }

  /** What comes of a resource that the run left out is not known; then the output stays what it was. */
  #withoutUnknowns(urn: string, outputs: PropertyMap): PropertyMap {
    if (this.#context.preview) return outputs;
    const before = this.#context.base.byUrn.get(urn)?.outputs ?? {};
    return Object.fromEntries(
      Object.entries(outputs).flatMap(([key, value]) => {
        const known = containsUnknowns(value) ? before[key] : value;
        return known === undefined ? [] : [[key, known]];
      }),
    );
  }

  #stackUrn(): string {
    const { stack, project } = this.#context;
    return makeUrn(stack, project, "", ROOT_STACK_TYPE, `${project}-${stack}`);
  }

  #urnOf(event: Extract<ProgramEvent, { kind: "register" | "outputs" }>): string {
    if (event.kind === "outputs") return event.urn;
    const { stack, project } = this.#context;
    const { parent, type, name } = event.goal;
    return makeUrn(stack, project, parent, type, name);
  }
}

/**
 * Asks the providers what became of every resource, and takes that as the base of the state. A resource that cannot be read keeps its
 * record; the others are refreshed all the same. `counted`: what is found counts as the run's changes.
 */
export async function refresh(
  { context, parallel, signal }: DeploymentOptions,
  { counted }: { counted: boolean },
): Promise<boolean> {
  const { base, registry, snapshot, targets } = context;
  const executor = new StepExecutor(context, { parallel, ignoreErrors: true, onFailure: () => undefined });
  const stopListening = onCancel(signal, context, executor, () => undefined);
  try {
    const steps = new Map<ResourceState, RefreshStep>();
    if (counted) targets.refuseUnknown(new Set(base.resources.map(({ urn }) => urn)));
    for (const state of base.resources) {
      if (!targets.include(state)) continue;
      registry.ensure(state.provider, base.resources);
      steps.set(state, refreshStep(context, state, counted));
    }
    await executor.runAll([...steps.values()]);
    await executor.drain();
    const refreshed = rebuild(base.resources, (state) => {
      const step = steps.get(state);
      return step === undefined ? state : step.result();
    });
    context.base = baseState(refreshed);
    snapshot.rebase(refreshed);
    return !executor.failed && !executor.stopped;
  } finally {
    stopListening();
  }
}

/** The resources that are left, without references to those that are gone; the children of a gone parent go to its own parent. */
function rebuild(
  resources: readonly ResourceState[],
  result: (state: ResourceState) => ResourceState | undefined,
): ResourceState[] {
  const left: ResourceState[] = [];
  const present = new Set<string>();
  const parentOf = new Map<string, string>();
  for (const before of resources) {
    const state = result(before);
    parentOf.set(before.urn, before.parent);
    if (state === undefined) continue;
    const isPresent = (urn: string): boolean => present.has(urn);
    state.dependencies = state.dependencies.filter(isPresent);
    // As the CLI: a property that depends on nothing (any more) is not listed after a refresh.
    state.propertyDependencies = Object.fromEntries(
      Object.entries(state.propertyDependencies)
        .map(([key, urns]): [string, readonly string[]] => [key, urns.filter(isPresent)])
        .filter(([, urns]) => urns.length > 0),
    );
    if (!present.has(state.deletedWith)) state.deletedWith = "";
    while (state.parent !== "" && !present.has(state.parent)) state.parent = parentOf.get(state.parent) ?? "";
    left.push(state);
    present.add(state.urn);
  }
  return left;
}
