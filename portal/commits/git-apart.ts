import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { ownProgram } from "../../providers/common/own-files.ts";
import { type Git, GitError, GitMissingError } from "./git.ts";
import type { FromGits, ToGits } from "./git-process.ts";

interface Waiting {
  readonly done: (output: string) => void;
  readonly failed: (error: Error) => void;
}

/**
 * Runs git from a small process beside this one. Each program that is started copies the tables of its parent's memory first, and a portal
 * with an embedded database has much of it: that was 13 ms of CPU time for each git, in which no customer is answered.
 */
export class GitApart {
  #child: ChildProcess | undefined;
  #last = 0;
  readonly #waiting = new Map<number, Waiting>();

  readonly run: Git = async (folder, words, { env, input, signal } = {}) => {
    signal?.throwIfAborted();
    const id = (this.#last += 1);
    const abort = () => this.#tell({ kind: "abort", id });
    signal?.addEventListener("abort", abort, { once: true });
    const { promise, resolve: done, reject: failed } = Promise.withResolvers<string>();
    this.#waiting.set(id, { done, failed });
    const given = { ...(env ? { env } : {}), ...(input === undefined ? {} : { input }) };
    this.#tell({ kind: "run", id, folder, words, ...given });
    try {
      return await promise;
    } finally {
      this.#waiting.delete(id);
      signal?.removeEventListener("abort", abort);
    }
  };

  /** Ends the process; whoever still waits is told that it has ended. */
  async close(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const ended = once(child, "exit");
    child.disconnect();
    await ended;
  }

  #tell(message: ToGits): void {
    (this.#child ??= this.#start()).send(message);
  }

  #start(): ChildProcess {
    const child = fork(ownProgram("portal/commits/git-process"));
    child.on("message", (message: FromGits) => {
      const waiting = this.#waiting.get(message.id);
      if (message.kind === "done") waiting?.done(message.output);
      else waiting?.failed(errorOf(message));
    });
    const lost = (why: unknown) => {
      if (this.#child === child) this.#child = undefined;
      const error = new Error("The process that runs git has ended.", { cause: why });
      for (const { failed } of this.#waiting.values()) failed(error);
    };
    // Each message that cannot be sent is an error, too.
    child.on("error", lost);
    child.once("exit", lost);
    return child;
  }
}

function errorOf({ of, message }: Extract<FromGits, { kind: "failed" }>): Error {
  if (of === "no git") return new GitMissingError();
  return of === "git" ? new GitError(message) : new Error(message);
}
