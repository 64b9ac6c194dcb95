import { stripVTControlCharacters } from "node:util";
import { SecretFilter } from "./secret-filter.ts";
import type { Changes, Diagnostic, EngineEvent, Operation, RunResult, StepInfo, StepOp } from "./types.ts";
import { changesBetween, mapProperties, masked, type PropertyMap, type Value } from "./values.ts";

const STEP_OPS: readonly StepOp[] = [
  "same",
  "create",
  "update",
  "replace",
  "create-replacement",
  "delete",
  "delete-replaced",
  "remove-pending-replace",
  "read",
  "refresh",
];

/** Collects what a run does: sends every event to the listener and keeps what goes into the result. */
export class Reporter {
  readonly #listener: ((event: EngineEvent) => void) | undefined;
  readonly #operation: Operation;
  readonly #started = Date.now();
  readonly #steps: StepInfo[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #counts: Record<StepOp, number>;
  readonly #secrets = new SecretFilter();
  readonly #complaints = new Set<string>();
  #nextStep = 1;
  #errors = 0;

  constructor(operation: Operation, listener: ((event: EngineEvent) => void) | undefined) {
    this.#operation = operation;
    this.#listener = listener;
    this.#counts = Object.fromEntries(STEP_OPS.map((op) => [op, 0])) as Record<StepOp, number>;
  }

  get errors(): number {
    return this.#errors;
  }

  start(project: string, stack: string): void {
    this.#emit({ kind: "run-start", operation: this.#operation, project, stack, time: this.#started });
  }

  /** Announces a step; the returned function reports its end. */
  step(
    info: Omit<StepInfo, "step">,
    planned: boolean,
  ): (ok: boolean, final: StepInfo, counted: boolean) => void {
    const step: StepInfo = { ...info, step: this.#nextStep };
    this.#nextStep += 1;
    const time = Date.now();
    this.#emit({ kind: planned ? "step-planned" : "step-start", time, step });
    return (ok, final, counted) => {
      const ended: StepInfo = { ...final, step: step.step };
      // The refresh before an `up` is not counted, and worth a mention only where it found something.
      if (ok && (counted || ended.op !== "same")) this.#steps.push(ended);
      if (ok && counted) this.#counts[ended.op] += 1;
      if (planned) return;
      const now = Date.now();
      this.#emit({ kind: "step-end", time: now, step: ended, ok, milliseconds: now - time });
    };
  }

  /** From now on the texts of the secrets in `value` are masked in every message. */
  learnSecrets(value: Value): void {
    this.#secrets.learn(value);
  }

  diagnostic(raw: Diagnostic): void {
    // Colours and other control characters are the display's affair.
    const message = this.#secrets.mask(stripVTControlCharacters(raw.message));
    const diagnostic = { ...raw, message };
    if (diagnostic.severity === "error") this.#errors += 1;
    if (diagnostic.severity !== "debug" && !diagnostic.ephemeral) this.#diagnostics.push(diagnostic);
    this.#emit({ kind: "diagnostic", time: Date.now(), ...diagnostic });
  }

  info(message: string, urn?: string): void {
    this.diagnostic({ severity: "info", message, ephemeral: false, ...(urn === undefined ? {} : { urn }) });
  }

  warning(message: string, urn?: string): void {
    this.diagnostic({
      severity: "warning",
      message,
      ephemeral: false,
      ...(urn === undefined ? {} : { urn }),
    });
  }

  /** What was said of a resource is not said again of the run as a whole: a state that cannot be written fails both. */
  error(message: string, urn?: string): void {
    if (urn === undefined && this.#complaints.has(message)) return;
    this.#complaints.add(message);
    this.diagnostic({ severity: "error", message, ephemeral: false, ...(urn === undefined ? {} : { urn }) });
  }

  end(ok: boolean, outputsBefore: PropertyMap, outputsAfter: PropertyMap): RunResult {
    const outputs: Readonly<Record<string, Value>> = mapProperties(outputsAfter, masked);
    const changes: Changes = { ...this.#counts };
    this.#emit({
      kind: "run-end",
      time: Date.now(),
      operation: this.#operation,
      ok,
      changes,
      outputs,
      outputChanges: changesBetween(outputsBefore, outputsAfter),
      milliseconds: Date.now() - this.#started,
    });
    return { ok, exitCode: ok ? 0 : 1, changes, outputs, steps: this.#steps, diagnostics: this.#diagnostics };
  }

  #emit(event: EngineEvent): void {
    this.#listener?.(event);
  }
}
