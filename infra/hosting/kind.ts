import type { z } from "zod";

/** CPU units (1024 are one core) and memory in MiB. */
export interface ContainerSize {
  readonly cpu: number;
  readonly memory: number;
}

/** What URLs follow from, before anything runs. */
export interface UrlContext<Settings = object> {
  readonly settings: Settings;
  /** The project's folder, absolute. */
  readonly projectRoot: string;
  /** The ids of all agents of the stack that this hosting runs. */
  readonly ids: readonly string[];
}

/**
 * All that the rest of the program asks of a way of running crews before it runs any; `Settings` are the stack's settings that it
 * reads. traits.ts has one for each.
 */
export interface HostingTraits<Settings = object> {
  /** The module that runs crews, as a path below infra/deploy without its ending. It exports `hosting`, a HostingFactory. */
  readonly module: string;
  /** Whether images run there; if not, only what the crew runtime runs: declared crews and folders with crew.py. */
  readonly runsImages: boolean;
  /** How many instances of an agent run: as its `resources` say, one alone, or one whatever they say. */
  readonly instances: "declared" | "one" | "ignored";
  /** The sizes of containers, the smallest first; empty where any size will do. */
  readonly sizes: readonly ContainerSize[];
  /** Whether crews read documents of any size from this machine's disk; elsewhere large ones need the stack's bucket. */
  readonly readsLocalFiles: boolean;
  /** Whether a job that was paid for is lost with the container that runs it, unless masumi:databaseUrl keeps it. */
  readonly losesPaidJobs: boolean;
  /** When masumi:runtimeKey is needed: always, or by agents that ask a price. */
  readonly needsRuntimeKey: "always" | "with a price";
  /** Whether a crew reads the bucket of large documents with masumi:documentsKey, for want of a role that may. */
  needsDocumentsKey(documents: { readonly endpoint?: string }): boolean;
  /** What the stack's settings lack, each with its remedy. */
  settingsProblems(settings: Settings): string[];
  /** Why one stack cannot have so many agents of this hosting, each with its remedy; absent: no limit. */
  readonly countProblems?: (count: number) => string[];
  /** What may surprise about so many agents. */
  readonly countWarnings?: (count: number) => string[];
  /** Tells by agent id where an agent will be reached, as far as that is known before it runs. */
  urls(context: UrlContext<Settings>): (id: string) => string | undefined;
}

/** What a stack's configuration says beside masumi: settings. */
export interface OutsideSettings {
  /** All configuration values, keys as `namespace:name`. */
  readonly values: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A map of settings below masumi:, which one or several hostings read. */
export interface SettingsOfHosting<Schema extends z.ZodType, Complete> {
  readonly schema: Schema;
  /** For the complaint about a value that is no such map. */
  readonly example: string;
  /** Adds what is set elsewhere. */
  complete(settings: z.output<Schema>, outside: OutsideSettings): Complete;
}
