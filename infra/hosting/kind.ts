import type { z } from "zod";

/** CPU units (1024 are one core) and memory in MiB. */
export interface ContainerSize {
  readonly cpu: number;
  readonly memory: number;
}

/** What URLs are derived from before anything runs. */
export interface UrlContext<Settings = object> {
  readonly settings: Settings;
  /** The project's folder, absolute. */
  readonly projectRoot: string;
  /** The ids of all agents of the stack that this hosting runs. */
  readonly ids: readonly string[];
  /** The stack's name. */
  readonly stack: string;
  /** What distinguishes the stack from others: numbers that must be unique among several stacks are derived from it. */
  readonly scope: readonly string[];
  /** The URLs that agents are registered with, by agent id; those without a live registration are missing. */
  readonly registered: ReadonlyMap<string, string>;
}

/** Where an agent's log is kept. */
export type LogPlace = LogOfAgents &
  (
    | { readonly kind: "file"; readonly path: string }
    /** Of a Docker engine; without a host, the one of DOCKER_HOST or of this machine. */
    | { readonly kind: "docker"; readonly container: string; readonly host?: string }
    | {
        readonly kind: "cloudwatch";
        readonly group: string;
        readonly region: string | undefined;
        readonly profile?: string | undefined;
      }
  );

interface LogOfAgents {
  /** The agent, if its log is one of several agents: lines that name another one are not its own. */
  readonly agentId?: string;
}

/** What an agent's log is found by. */
export interface LogContext<Settings = object> {
  readonly settings: Settings;
  /** The project's folder, absolute. */
  readonly projectRoot: string;
  /** The names of the project and of the stack. */
  readonly project: string;
  readonly stack: string;
}

/**
 * Everything that the rest of the program needs to know about a way of running crews before it runs any. `Settings` are the
 * settings of the stack that it reads. traits.ts has a row for each.
 */
export interface HostingTraits<Settings = object> {
  /** The module that runs crews, as a path below infra/deploy without its extension. It exports `hosting`, a HostingFactory. */
  readonly module: string;
  /** The packages that this module and its resources load, which only those have who use it; absent if none. */
  readonly packages?: readonly string[];
  /** Whether it runs images; if not, only declared crews and folders with crew.py, which the crew runtime runs. */
  readonly runsImages: boolean;
  /** Whether containers get only the rights that `container` in an agent's YAML asks for, and the runtime needs. */
  readonly confinesContainers: boolean;
  /** How many instances of an agent run: as many as its `resources` say, at most one, or one regardless of them. */
  readonly instances: "declared" | "one" | "ignored";
  /** Whether crews run on the machine that deploys, where its keys are: then only where nobody else's crew may come. */
  readonly runsBesideKeys?: boolean;
  /** The available sizes of containers, smallest first; empty if any size is possible. */
  readonly sizes: readonly ContainerSize[];
  /** Whether /data is root's, unless the image declares it as a VOLUME. */
  readonly dataNeedsVolume?: boolean;
  /** Whether crews read documents from this machine's disk; if not, large ones need the stack's bucket. */
  readonly readsLocalFiles: boolean;
  /** Whether a job that was paid for is lost with the container that runs it, unless masumi:databaseUrl keeps it. */
  readonly losesPaidJobs: boolean;
  /** Whether what its agents share is there without any; absent if it comes with the first and goes with the last. */
  readonly staysWithoutAgents?: (settings: Settings) => boolean;
  /** Returns whether crews need masumi:documentsKey to read large documents, because they have no role for it. */
  needsDocumentsKey(documents: { readonly endpoint?: string }): boolean;
  /** Returns what the stack's settings lack, each with its remedy. */
  settingsProblems(settings: Settings): string[];
  /** Returns why a stack cannot have that many agents of this hosting, each with its remedy; absent if there is no limit. */
  readonly countProblems?: (count: number) => string[];
  /** Returns why an agent cannot have this id with this hosting, each with its remedy; absent if any id will do. */
  readonly idProblems?: (settings: Settings, id: string) => string[];
  /** The Docker engine that it uses; absent if it needs none. */
  readonly dockerEngine?: {
    /** Returns its address, as in DOCKER_HOST; "" is DOCKER_HOST itself, otherwise this machine's engine. */
    readonly address: (settings: Settings) => string;
    /** Whether crews run in it, beside images that are built there. */
    readonly runsCrews: boolean;
  };
  /** The cloud whose credentials a run needs; absent if none. */
  readonly cloud?: "aws";
  /** Returns the public DNS zone in which a run writes the agents' names; absent if it writes none. */
  readonly hostedZone?: (settings: Settings) => string | undefined;
  /** Returns warnings about what may come as a surprise with that many agents. */
  readonly countWarnings?: (count: number) => string[];
  /** Returns a function from an agent's id to its URL, or undefined if that is not known before it runs. */
  urls(context: UrlContext<Settings>): (id: string) => string | undefined;
  /** Returns a function from an agent's id to its log; absent if `masumi-agents logs` cannot read logs there. */
  readonly logs?: (context: LogContext<Settings>) => (id: string) => LogPlace;
}

/** What a stack's configuration contains besides the masumi: settings. */
export interface OutsideSettings {
  /** All configuration values, keys as `namespace:name`. */
  readonly values: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A map of settings below masumi:, read by one or more hostings. */
export interface SettingsOfHosting<Schema extends z.ZodType, Complete> {
  readonly schema: Schema;
  /** Shown in the complaint about a value that is not such a map. */
  readonly example: string;
  /** Adds values that are set elsewhere. */
  complete(settings: z.output<Schema>, outside: OutsideSettings): Complete;
}
