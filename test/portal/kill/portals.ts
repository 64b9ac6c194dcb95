import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { repository } from "../../helpers/project.ts";

const STARTS_WITHIN_MS = 180_000;

/** A portal as a process of its own, which can be killed and started again. */
export class PortalProcess {
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  url = "";
  /** What it said, all starts together. */
  said = "";

  constructor(env: Readonly<Record<string, string>>) {
    this.#env = env;
  }

  /** Starts it, and returns when it takes requests. */
  async start(): Promise<void> {
    const child = this.#spawn();
    this.#child = child;
    const over = AbortSignal.any([AbortSignal.timeout(STARTS_WITHIN_MS), aborted(once(child, "exit"))]);
    for await (const [line] of lines(child, over)) {
      const [, url] = /^The portal: (\S+)$/.exec(line) ?? [];
      if (url === undefined) continue;
      this.url = url;
      return;
    }
    throw new Error(`the portal did not start: ${this.said}`);
  }

  /** Runs the program with these words until it ends, and returns what it printed. */
  async run(...words: string[]): Promise<string> {
    const child = this.#spawn(...words);
    let printed = "";
    child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    await once(child, "close");
    return printed;
  }

  #spawn(...words: string[]) {
    const child = spawn(process.execPath, [join(repository, "portal/main.ts"), ...words], {
      cwd: repository,
      env: { ...process.env, NODE_NO_WARNINGS: "1", ...this.#env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stderr.on("data", (chunk: Buffer) => (this.said += chunk.toString()));
    return child;
  }

  /** Its number; 0 before it is started. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Kills it as the kernel does, and returns when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

function aborted(over: Promise<unknown>): AbortSignal {
  const controller = new AbortController();
  void over.then(() => controller.abort());
  return controller.signal;
}

async function* lines(child: ChildProcess, signal: AbortSignal): AsyncGenerator<[string]> {
  if (!child.stdout) return;
  const reader = createInterface({ input: child.stdout, signal });
  for await (const line of reader) yield [line];
}
