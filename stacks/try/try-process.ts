import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { linesOf } from "../lines.ts";
import type { Environment } from "../project.ts";
import { UserError } from "../user-error.ts";
import type * as Events from "./events.ts";
import type { TryEnd, TryEvent } from "./events.ts";

/** A job to try. */
export interface TryJob {
  /** The path of crew.json. */
  readonly declaration: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly model: { readonly api: string; readonly key: string; readonly name: string };
  /** The JSON Schema that its result is to follow. */
  readonly schema?: Readonly<Record<string, unknown>> | undefined;
}

export interface TryListener {
  /** Hears what happens in a job. */
  onEvent(event: TryEvent): void;
  /** Hears, a line at a time, what the author's code and packages print. */
  onOutput?(line: string): void;
  /** Answers a question of the crew; undefined ends the job. */
  answer(question: Extract<TryEvent, { event: "asked" }>): Promise<string | undefined>;
}

const ENDS_WITHIN_MS = 5_000;
const LOG_LINES_SHOWN = 12;

/**
 * The crew runtime's process that tries agents. It has CrewAI loaded once the first job needs it, and keeps it for all others. Keys
 * come to it by its standard input, and are in no argument and no environment.
 */
export class TryProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #log: string[] = [];
  /** Loaded while the process starts, which takes longer. */
  readonly #events: Promise<typeof Events>;
  #hasJobs = false;
  /** Whoever began the last job: some of what it prints may come after its end. */
  #listener: TryListener | undefined;

  constructor(python: string, dataFolder: string, env: Environment) {
    const certificates = env["SSL_CERT_FILE"];
    // No module of the data folder stands in for one of the runtime's.
    this.#child = spawn(python, ["-P", "-m", "crew_runtime.try_out", dataFolder], {
      cwd: dataFolder,
      env: {
        PATH: env["PATH"],
        LANG: "C.UTF-8",
        ...(certificates ? { SSL_CERT_FILE: certificates } : {}),
      },
      stdio: ["pipe", "pipe", "pipe"],
      // ^C is this program's to hear, which ends the job in order.
      detached: true,
    });
    // Whoever writes learns by the missing answer that it is gone.
    this.#child.stdin.on("error", () => undefined);
    this.#child.on("error", (error) => this.#log.push(error.message));
    this.#lines = linesOf(this.#child.stdout);
    this.#events = import("./events.ts");
    void this.#keepLog();
  }

  /** Does a job, and returns how it ended. Aborting cancels it. @throws UserError when the process ends instead */
  async run(job: TryJob, listener: TryListener, signal: AbortSignal): Promise<TryEnd> {
    const cancel = () => this.#say({ cancel: true });
    this.#hasJobs = true;
    this.#listener = listener;
    this.#say({ run: job });
    const { isEnd } = await this.#events;
    if (signal.aborted) cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      for (;;) {
        const event = await this.#next();
        if (isEnd(event)) return event;
        listener.onEvent(event);
        if (event.event !== "asked") continue;
        const answer = await listener.answer(event).catch((error: unknown) => {
          if (!signal.aborted) throw error;
          return undefined;
        });
        this.#say(answer === undefined ? { cancel: true } : { answer });
      }
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  /** Ends the process, and what it has started. */
  async close(): Promise<void> {
    const { pid } = this.#child;
    if (pid === undefined || this.#isGone) return;
    // One that had no job has nothing to remove, and may still be loading.
    if (this.#hasJobs) {
      const ended = once(this.#child, "exit", { signal: AbortSignal.timeout(ENDS_WITHIN_MS) });
      this.#child.stdin.end();
      await ended.catch(() => undefined);
    }
    if (!this.#isGone) process.kill(-pid, "SIGKILL");
  }

  get #isGone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Hands on what jobs print, and keeps the last lines: if the process ends by itself, they say why. */
  async #keepLog(): Promise<void> {
    try {
      for await (const line of linesOf(this.#child.stderr)) {
        this.#log.push(line);
        this.#listener?.onOutput?.(line);
        this.#log.splice(0, this.#log.length - LOG_LINES_SHOWN);
      }
    } catch (error) {
      this.#log.push(String(error));
    }
  }

  #say(message: object): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  async #next(): Promise<TryEvent> {
    const { tryEvent } = await this.#events;
    const { value, done } = await this.#lines.next();
    if (!done) return tryEvent.parse(JSON.parse(value));
    throw new UserError(`The crew runtime has ended:\n${this.#log.join("\n")}`);
  }
}
