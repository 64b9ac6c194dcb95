import type { StepExecutor } from "../steps/executor.ts";
import type { RunContext } from "../steps/step.ts";
import { nameOf, typeOf } from "../urn.ts";

/** How long nothing is said of operations that are being waited for. */
const PATIENCE_MILLISECONDS = 5_000;
const NAMED_AT_MOST = 10;

/**
 * What happens when a run is cancelled: no further step begins, those that run are finished and saved, and the providers are told. One that
 * hangs is named, again and again: it is for the user to decide how long to wait. Returns how to stop listening.
 */
export function onCancel(
  signal: AbortSignal,
  { registry, reporter }: RunContext,
  executor: StepExecutor,
  stopEvents: () => void,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const nameRunning = (): void => {
    const running = executor.running();
    if (running.length === 0) return;
    const named = running
      .slice(0, NAMED_AT_MOST)
      .map((step) => `${step.op()} of ${nameOf(step.urn)} (${typeOf(step.urn)})`);
    const more = running.length > NAMED_AT_MOST ? ` and ${running.length - NAMED_AT_MOST} more` : "";
    reporter.info(
      `Still waiting for ${named.join(", ")}${more}. If you kill the run now, the state records them as interrupted.`,
    );
  };
  const cancel = (): void => {
    reporter.info("Cancelling: operations under way will finish and be saved; no new ones will start.");
    executor.stop();
    stopEvents();
    void registry.cancel();
    timer = setInterval(nameRunning, PATIENCE_MILLISECONDS);
    timer.unref();
  };
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  return () => {
    signal.removeEventListener("abort", cancel);
    clearInterval(timer);
  };
}
