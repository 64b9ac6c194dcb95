import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { tidyAtExit } from "./cleanup.ts";

const here = dirname(fileURLToPath(import.meta.url));

/** The real provider, as every state names it. */
export const PROVIDER = resolve(here, "../../providers/masumi/host.ts");

export type ResourceKind = "registration" | "confirmation";
export type Method = "check" | "diff" | "create" | "update" | "delete" | "read";

export type Call =
  | {
      readonly id: number;
      readonly kind: "begin";
      /** Where the run's Pulumi.yaml is. */
      readonly folder: string;
      readonly config: Readonly<Record<string, string>>;
      /** MASUMI_FORGET_REGISTRATION */
      readonly forget: string;
    }
  | {
      readonly id: number;
      readonly kind: "call";
      readonly resource: ResourceKind;
      readonly method: Method;
      readonly args: readonly unknown[];
    };

export type Answer =
  { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };

/** What a call ends with whose provider host was killed. */
export class HostDied extends Error {
  override readonly name = "HostDied";
}

/**
 * The provider and all that it loads in two files, made once: it starts in a quarter of the time, and every run of a
 * campaign meets the same code. The sources are taken as they are.
 */
export interface Bundle {
  readonly child: string;
  readonly provider: string;
  remove(): void;
}

/** @param provider file that exports `registration` and `confirmation` */
export async function bundleProvider(provider = PROVIDER): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), "masumi-chaos-host-"));
  const remove = tidyAtExit(() => rmSync(folder, { recursive: true, force: true }));
  // What is required, as axios is, stays outside the bundle.
  symlinkSync(join(here, "../../node_modules"), join(folder, "node_modules"));
  const bundle = await rolldown({
    input: { child: join(here, "host-child.ts"), provider },
    platform: "node",
    external: [/^@pulumi\//],
    logLevel: "silent",
  });
  // The provider's door is in a file of its own, because it alone is loaded anew for each run.
  const isInside = (id: string) => id !== provider && id !== join(here, "host-child.ts");
  const codeSplitting = { groups: [{ name: "inside", test: isInside }] };
  await bundle.write({ dir: folder, format: "esm", entryFileNames: "[name].mjs", codeSplitting });
  await bundle.close();
  return {
    child: join(folder, "child.mjs"),
    provider: join(folder, "provider.mjs"),
    remove,
  };
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A living provider host: a process of its own. */
export class ProviderHost {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<unknown>;
  /** Resolves when the provider is loaded. */
  readonly ready: Promise<void>;
  #calls = 0;
  #isAlive = true;

  constructor({ child, provider }: Bundle) {
    this.#process = spawn(process.execPath, [child, provider], {
      // What it spends is written down in the project that it runs in, which is not this checkout.
      cwd: dirname(child),
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: { NODE_NO_WARNINGS: "1", PATH: process.env["PATH"] },
    });
    this.#exited = once(this.#process, "exit").then(() => this.#died());
    this.ready = new Promise((isReady, failed) => {
      this.#process.once("message", () => isReady());
      this.#process.once("exit", () => failed(new HostDied("the provider host did not start")));
      this.#process.once("error", failed);
    });
    this.ready.catch(() => undefined);
    this.#process.on("message", (message: Answer | "ready") => this.#take(message));
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** A new run: a new session of the provider with these settings. */
  async begin(folder: string, config: Readonly<Record<string, string>>, forget = ""): Promise<void> {
    await this.#send({ kind: "begin", folder, config, forget });
  }

  /** @throws HostDied; an Error with the provider's message */
  async call(resource: ResourceKind, method: Method, ...args: readonly unknown[]): Promise<unknown> {
    return this.#send({ kind: "call", resource, method, args });
  }

  /** kill -9; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#isAlive = false;
    this.#process.kill("SIGKILL");
    await this.#exited;
  }

  async #send(call: Record<string, unknown> & { kind: Call["kind"] }): Promise<unknown> {
    if (!this.#isAlive) throw new HostDied("the provider host is dead");
    const id = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      // A process that has just died tells so by its exit.
      this.#process.send({ ...call, id }, () => undefined);
    });
  }

  #take(message: Answer | "ready"): void {
    if (message === "ready") return;
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ("error" in message) waiting?.reject(new Error(message.error));
    else waiting?.resolve(message.value);
  }

  #died(): void {
    this.#isAlive = false;
    for (const { reject } of this.#waiting.values()) reject(new HostDied("the provider host was killed"));
    this.#waiting.clear();
  }
}

/** Starts hosts ahead, so that a run need not wait for one. */
export class HostPool {
  readonly #bundle: Bundle;
  readonly #spare: ProviderHost[] = [];
  readonly #all = new Set<ProviderHost>();
  started = 0;

  constructor(bundle: Bundle, spares = 1) {
    this.#bundle = bundle;
    for (let count = 0; count < spares; count += 1) this.#spare.push(this.#start());
  }

  async take(): Promise<ProviderHost> {
    const host = this.#spare.shift() ?? this.#start();
    if (this.#spare.length === 0) this.#spare.push(this.#start());
    await host.ready;
    return host;
  }

  /** Takes back a host that outlived its life. */
  giveBack(host: ProviderHost): void {
    if (host.isAlive) this.#spare.push(host);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].filter(({ isAlive }) => isAlive).map((host) => host.kill()));
  }

  #start(): ProviderHost {
    const host = new ProviderHost(this.#bundle);
    this.#all.add(host);
    for (const other of this.#all) if (!other.isAlive) this.#all.delete(other);
    this.started += 1;
    return host;
  }
}
