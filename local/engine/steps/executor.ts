import { messageOf } from "../errors.ts";
import { InitFailed } from "../providers/provider.ts";
import type { StepInfo } from "../types.ts";
import { nameOf, type Urn } from "../urn.ts";
import { isSecret, makeSecret, mapProperties, masked, type PropertyMap, type Value } from "../values.ts";
import { ProtectedResource } from "./delete.ts";
import { isInternal, type Outcome, type RunContext, type Step } from "./step.ts";

export interface ExecutorOptions {
  readonly parallel: number;
  /** Steps go on when others fail: a refresh looks at every resource. */
  readonly ignoreErrors: boolean;
  /** Called once, when the first step fails (unless errors are ignored). */
  readonly onFailure: () => void;
}

/**
 * Runs chains of steps, so many at a time; the steps of a chain one after the other. After a failure, and after `stop`, no further step
 * begins, but those that run are finished and recorded.
 */
export class StepExecutor {
  readonly #context: RunContext;
  readonly #options: ExecutorOptions;
  readonly #running = new Set<Promise<void>>();
  readonly #steps = new Set<Step>();
  readonly #queue: (() => void)[] = [];
  #free: number;
  #stopped = false;
  #failed = false;
  /** Steps whose outputs may still be registered, by URN. */
  readonly pending = new Map<Urn, Step>();
  /** Protected resources that were to be deleted: reported, but no reason to stop. */
  readonly refused: Step[] = [];

  constructor(context: RunContext, options: ExecutorOptions) {
    this.#context = context;
    this.#options = options;
    this.#free = options.parallel;
  }

  get failed(): boolean {
    return this.#failed;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** The steps that are under way. */
  running(): readonly Step[] {
    return [...this.#steps];
  }

  stop(): void {
    this.#stopped = true;
    for (const wake of this.#queue.splice(0)) wake();
  }

  /** Waits for a free place and starts the chain; the returned promise (inside an object, so that nobody awaits it unasked) is its end. */
  async submit(chain: readonly Step[]): Promise<{ readonly ended: Promise<void> }> {
    await this.#place();
    if (this.#stopped) return { ended: Promise.resolve() };
    this.#free -= 1;
    const ended = this.#runChain(chain).finally(() => {
      this.#free += 1;
      this.#running.delete(ended);
      this.#queue.shift()?.();
    });
    this.#running.add(ended);
    return { ended };
  }

  /** Runs steps that do not depend on each other; resolves when all have ended. */
  async runAll(steps: readonly Step[]): Promise<void> {
    const ends: Promise<void>[] = [];
    for (const step of steps) ends.push((await this.submit([step])).ended);
    await Promise.all(ends);
  }

  /** Resolves when no step runs any more. */
  async drain(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #place(): Promise<void> {
    if (this.#free > 0 || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => this.#queue.push(resolve));
  }

  async #runChain(chain: readonly Step[]): Promise<void> {
    for (const step of chain) {
      if (this.#stopped) return;
      this.#steps.add(step);
      try {
        await this.#run(step);
      } catch (error) {
        this.#fail(step, error);
        return;
      } finally {
        this.#steps.delete(step);
      }
    }
  }

  /** A failure to record a step (a full disk, say) is as fatal as a failed step. */
  #fail(step: Step, error: unknown): void {
    this.#failed = true;
    if (!(error instanceof StepFailed)) this.#context.reporter.error(messageOf(error), step.urn);
    if (this.#options.ignoreErrors) return;
    if (error instanceof StepFailed && error.cause instanceof ProtectedResource) {
      this.refused.push(step);
      return;
    }
    this.stop();
    this.#options.onFailure();
  }

  async #run(step: Step): Promise<void> {
    const { preview, reporter } = this.#context;
    const internal = isInternal(step.urn, typeOfStep(step));
    const finish = internal ? () => undefined : reporter.step(infoOf(step, preview), preview);
    if (!preview) await step.begin?.();

    let outcome: Outcome = "ok";
    let failure: unknown;
    try {
      await step.apply();
    } catch (error) {
      outcome = error instanceof InitFailed ? "partial" : "failed";
      failure = error;
    }
    if (outcome === "ok" && !step.part && step.current !== undefined) this.pending.set(step.urn, step);
    if (step.current !== undefined && step.op() !== "replace") markSecrets(step);
    if (step.current !== undefined) reporter.learnSecrets([step.current.inputs, step.current.outputs]);
    if (outcome !== "ok") reporter.error(messageOf(failure), internal ? undefined : step.urn);
    if (!preview) await step.end?.(outcome);
    finish(outcome === "ok", { ...infoOf(step, preview), step: 0 }, !step.part);
    if (outcome !== "ok") throw new StepFailed(failure);
    step.complete?.();
  }
}

/** The step's own error is reported already. */
class StepFailed extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

const typeOfStep = (step: Step): string => step.current?.type ?? step.old?.type ?? "";

function infoOf(step: Step, preview: boolean): Omit<StepInfo, "step"> {
  const changes = step.changes();
  const { old, current } = step;
  const provider = current?.provider ?? old?.provider ?? "";
  return {
    op: step.op(),
    urn: step.urn,
    type: typeOfStep(step),
    name: nameOf(step.urn),
    custom: step.current?.custom ?? step.old?.custom ?? false,
    ...(changes.length > 0 ? { diff: changes.map(({ property }) => property), changes } : {}),
    ...(step.retained === true ? { retained: true } : {}),
    ...(old === undefined || old.id === "" ? {} : { id: old.id }),
    ...(provider === "" ? {} : { provider }),
    ...(preview ? { properties: propertiesOf(step) } : {}),
  };
}

function propertiesOf({ old, current }: Step): NonNullable<StepInfo["properties"]> {
  return {
    ...(old === undefined ? {} : { before: mapProperties(old.inputs, masked) }),
    ...(current === undefined ? {} : { after: mapProperties(current.inputs, masked) }),
  };
}

/** Outputs become secret that the program names, and those whose input of the same name is. */
function markSecrets({ current }: Step): void {
  if (current === undefined) return;
  const secret = (key: string, value: Value): boolean =>
    !isSecret(value) && (current.additionalSecretOutputs.includes(key) || isSecret(current.inputs[key]));
  const entries = Object.entries(current.outputs);
  if (!entries.some(([key, value]) => secret(key, value))) return;
  const outputs: PropertyMap = Object.fromEntries(
    entries.map(([key, value]) => [key, secret(key, value) ? makeSecret(value) : value]),
  );
  current.outputs = outputs;
}
