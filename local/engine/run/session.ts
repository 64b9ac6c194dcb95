import { join } from "node:path";
import { baseState, deploy, refresh, type Source } from "./deployment.ts";
import { engineService } from "./engine-service.ts";
import { EventQueue } from "./events-queue.ts";
import { ResourceMonitor } from "./monitor.ts";
import { Program } from "./program.ts";
import { pipeAddress } from "../preload/index.ts";
import { isRecord } from "../json.ts";
import type { ProviderTrust } from "../providers/provider-trust.ts";
import { createLauncher } from "../providers/launcher.ts";
import { DYNAMIC_PACKAGE, ProviderRegistry } from "../providers/registry.ts";
import type { Reporter } from "../reporter.ts";
import { GrpcServer } from "../rpc/grpc.ts";
import { type EngineServices, Unavailable } from "../rpc/service.ts";
import type { Sdk } from "../stack/sdk.ts";
import type { ConfigValue } from "../stack/stack-config.ts";
import type { ConfiguredStack } from "../stack/stack.ts";
import type { ResourceState } from "../state/resource.ts";
import type { Snapshot } from "../state/snapshot.ts";
import type { ProgramEvent } from "../steps/registration.ts";
import type { RunContext } from "../steps/step.ts";
import { Targets } from "../steps/targets.ts";
import type { Operation, RunOptions } from "../types.ts";
import { providerType } from "../urn.ts";
import type { PropertyMap } from "../values.ts";

export interface SessionOptions {
  readonly operation: Operation;
  readonly run: RunOptions;
  /** How many steps may be under way at the same time. */
  readonly parallel: number;
  readonly stack: ConfiguredStack;
  readonly config: readonly ConfigValue[];
  readonly sdk: Sdk;
  readonly trust: ProviderTrust;
  readonly reporter: Reporter;
}

/** What a run begins with, and what it records in. */
export interface State {
  readonly resources: readonly ResourceState[];
  readonly snapshot: Snapshot;
}

/** The processes and the server of one run. */
export class Session {
  readonly #options: SessionOptions;
  readonly #preview: boolean;
  readonly #events = new EventQueue<ProgramEvent>();
  readonly #monitor: ResourceMonitor;
  readonly #services: EngineServices;
  readonly #grpc: GrpcServer;
  #registry: ProviderRegistry | undefined;
  #program: Program | undefined;
  #snapshot: Snapshot | undefined;
  /** What the program gave the stack as outputs. */
  stackOutputs: PropertyMap | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#preview = options.operation === "preview";
    this.#monitor = new ResourceMonitor({
      project: options.stack.project.name,
      projectRoot: options.stack.project.root,
      stack: options.stack.stack,
      config: options.config,
      preview: this.#preview,
      parallel: options.parallel,
      events: this.#events,
      invoke: async ({ provider, token, args }) => {
        const host = await this.#registry?.get(provider);
        if (host === undefined) throw new Unavailable("The providers are not there any more.");
        options.reporter.learnSecrets(args);
        return host.invoke(token, args, this.#preview);
      },
    });
    this.#services = {
      pipe: pipeAddress(),
      monitor: this.#monitor.handlers,
      engine: engineService(options.reporter, () => options.run.signal?.aborted === true),
      refused: (error) => this.#events.push({ kind: "failed", error }),
    };
    this.#grpc = new GrpcServer(this.#services);
  }

  /** Starts what an `up` or a preview needs: it loads while the state is read. */
  begin(): void {
    const { operation } = this.#options;
    if (operation !== "up" && operation !== "preview") return;
    this.#registry = this.#startRegistry();
    this.#program = this.#startProgram();
  }

  /** Does what the operation says. Returns whether all went well; problems are reported by then. */
  async execute(state: State): Promise<boolean> {
    this.#snapshot = state.snapshot;
    const { operation, run, parallel } = this.#options;
    const registry = (this.#registry ??= this.#startRegistry());
    const deployment = {
      context: this.#context(registry, state),
      parallel,
      signal: run.signal ?? new AbortController().signal,
    };
    if (operation === "refresh") return refresh(deployment, { counted: true });
    const program = this.#program;
    if (program === undefined) return (await deploy(deployment, undefined)).ok;
    if (run.meanwhile?.() === false) return false;
    const refreshFirst = operation === "up" && run.refresh === true;
    if (refreshFirst && !(await refresh(deployment, { counted: false }))) return false;
    const { ok, stackOutputs } = await deploy(deployment, this.#source(program));
    this.stackOutputs = stackOutputs;
    if (!ok) return false;
    this.#monitor.release();
    // Everything is done; a program that does not end by itself is not waited for when the run is aborted.
    run.signal?.addEventListener("abort", () => void program.stop(), { once: true });
    const late = await program.ended();
    if (late !== undefined && late.message !== "") this.#options.reporter.error(late.message);
    return late === undefined;
  }

  /** Ends the processes, then writes what is left to write. */
  async close(ok: boolean): Promise<void> {
    try {
      // The program goes first: it would print a long complaint about every call that is cut off.
      if (!ok) await this.#program?.stop();
      this.#monitor.close();
      await this.#registry?.close();
      if (!this.#preview) await this.#snapshot?.close();
    } finally {
      this.#grpc.close();
    }
  }

  #source(program: Program): Source {
    const watch = async (): Promise<void> => {
      const error = await program.ended();
      this.#events.push(error === undefined ? { kind: "end" } : { kind: "failed", error });
    };
    void watch();
    return { events: this.#events };
  }

  #context(registry: ProviderRegistry, { resources, snapshot }: State): RunContext {
    const { stack, trust, reporter, run } = this.#options;
    return {
      project: stack.project.name,
      stack: stack.stack,
      preview: this.#preview,
      registry,
      trust,
      snapshot,
      reporter,
      decidesByInputs: run.decidesByInputs ?? (() => false),
      targets: new Targets(run.targets, run.targetDependents),
      base: baseState(resources),
    };
  }

  #startRegistry(): ProviderRegistry {
    const { stack, sdk, config, trust, reporter, run, operation } = this.#options;
    const { providerModules = [] } = run;
    const registry = new ProviderRegistry({
      launch: createLauncher({
        project: stack.project,
        sdk,
        config,
        env: this.#environment("provider"),
        providerModules,
      }),
      services: this.#services,
      engineAddress: () => this.#grpc.address(),
      trust,
      output: ({ shown }, line, trace) =>
        reporter.diagnostic({
          severity: shown && !trace ? "info" : "debug",
          message: line,
          ephemeral: false,
        }),
      warn: (message) => reporter.warning(message),
    });
    // Where the provider will surely be needed, it loads while the program does.
    const dynamic = providerType(DYNAMIC_PACKAGE);
    const runsProgram = operation === "up" || operation === "preview";
    const isInState = stack.raw?.resources.some(
      (resource) => isRecord(resource) && resource["type"] === dynamic,
    );
    if (isInState === true || (runsProgram && providerModules.length > 0)) registry.prepare();
    return registry;
  }

  #startProgram(): Program {
    const { stack, sdk, config, reporter, parallel } = this.#options;
    return Program.start({
      project: stack.project,
      sdk,
      stack: stack.stack,
      config,
      services: this.#services,
      preview: this.#preview,
      parallel,
      env: this.#environment("program"),
      output: (line) => reporter.info(line),
    });
  }

  /**
   * Node keeps the compiled SDK beside the SDK: that saves each of the two processes half a second. They cannot share it: the SDK sets a
   * V8 flag while it loads, at another moment in each, and V8 refuses what was compiled under other flags.
   */
  #environment(role: "program" | "provider"): Record<string, string | undefined> {
    const { sdk, run } = this.#options;
    const env = { ...process.env, ...run.env };
    const cache = env["NODE_COMPILE_CACHE"] || sdk.cacheFolder;
    return { ...env, NODE_COMPILE_CACHE: join(cache, role) };
  }
}
