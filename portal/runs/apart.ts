import { fork } from "node:child_process";
import { ownProgram } from "../../providers/common/own-files.ts";
import type { Environment, RunEvent, StackRun } from "../../stacks/index.ts";
import type { FromRun, RunOrder, ToRun } from "./run-process.ts";

export interface ApartOptions {
  readonly env: Environment;
  readonly onEvent: (event: RunEvent) => void;
  /** Aborting lets steps under way finish and saves the state. */
  readonly signal: AbortSignal;
}

/** Somebody or something, such as the kernel when memory ran out, killed the run's process. */
export class RunKilledError extends Error {
  override readonly name = "RunKilledError";
}

/**
 * Runs `up` in a process of its own, so that a run's work holds up no answer to a customer. The process ends with this one, also if this
 * one is killed.
 *
 * @throws RunKilledError, or Error with what went wrong before or beside the run
 */
export function runApart(
  order: RunOrder,
  { env, onEvent, signal }: ApartOptions,
): Promise<Pick<StackRun, "exitCode" | "changes">> {
  return new Promise((done, failed) => {
    const child = fork(ownProgram("portal/runs/run-process"), {
      env: { ...env },
      serialization: "advanced",
    });
    const tell = (message: ToRun) => void (child.connected && child.send(message));
    const endEarly = () => tell({ kind: "end-early" });
    signal.addEventListener("abort", endEarly, { once: true });
    child.on("message", (message: FromRun) => {
      if (message.kind === "event") onEvent(message.event);
      else if (message.kind === "ended") done(message.run);
      else failed(new Error(message.message));
    });
    // Each message that cannot be sent is another one.
    child.on("error", failed);
    // After its last word this changes nothing.
    child.once("close", (code, killedBy) => {
      signal.removeEventListener("abort", endEarly);
      failed(
        killedBy === null
          ? new Error(`The process of the run ended with ${code} before the run did.`)
          : new RunKilledError(`The process of the run was killed (${killedBy}).`),
      );
    });
    tell({ kind: "begin", order });
    if (signal.aborted) endEarly();
  });
}
