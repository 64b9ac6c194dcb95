import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { ownProgram } from "../../providers/common/own-files.ts";
import type { Environment, RunEvent, StackRun } from "../../stacks/index.ts";
import type { FromRun, RunOrder, ToRun } from "./run-process.ts";

export interface ApartOptions {
  readonly onEvent: (event: RunEvent) => void;
  /** Aborting lets steps under way finish and saves the state. */
  readonly signal: AbortSignal;
}

/** Somebody or something, such as the kernel when memory ran out, killed the run's process. */
export class RunKilledError extends Error {
  override readonly name = "RunKilledError";
}

/**
 * Runs `up` in processes of their own, so that a run's work holds up no answer to a customer. Each ends with this one, also if this one is
 * killed. What they load takes most of a second, so the next one can be made ready while it is still collected what it will deploy.
 */
export class RunsApart {
  readonly #env: Environment;
  #ready: ChildProcess | undefined;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** Starts the process of the next run, unless one waits already. */
  makeReady(): void {
    if (this.#ready) return;
    const child = this.#start();
    const forget = () => {
      if (this.#ready === child) this.#ready = undefined;
    };
    child.once("exit", forget).once("error", forget);
    this.#ready = child;
  }

  /** Runs `up`. @throws RunKilledError, or Error with what went wrong before or beside the run */
  run(order: RunOrder, options: ApartOptions): Promise<Pick<StackRun, "exitCode" | "changes">> {
    const child = this.#ready ?? this.#start();
    this.#ready = undefined;
    return follow(child, order, options);
  }

  /** Ends the process that waits for a run, if one does. */
  async close(): Promise<void> {
    const child = this.#ready;
    if (!child) return;
    const ended = once(child, "exit");
    child.disconnect();
    await ended;
  }

  #start(): ChildProcess {
    return fork(ownProgram("portal/runs/run-process"), { env: { ...this.#env }, serialization: "advanced" });
  }
}

function follow(
  child: ChildProcess,
  order: RunOrder,
  { onEvent, signal }: ApartOptions,
): Promise<Pick<StackRun, "exitCode" | "changes">> {
  return new Promise((done, failed) => {
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
