import { createRequire } from "node:module";
import type * as Grpc from "@grpc/grpc-js";
import type * as EngineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type * as EngineMessages from "@pulumi/pulumi/proto/engine_pb.js";

export type Severity = "debug" | "info" | "warning" | "error";

export interface Note {
  readonly severity: Severity;
  /** The resource under which the message is shown. */
  readonly urn?: string | undefined;
  readonly message: string;
  /** Shown only until the next message, and not kept. */
  readonly ephemeral?: boolean;
}

/** Returns the stack that a URN names. */
export const stackOf = (urn: string): string | undefined => /^urn:pulumi:([^:]+)::/.exec(urn)?.[1];

/** Of the embedded engine's pipe it ends with a newline. */
const ADDRESS = /^([\w.[\]:-]+:\d+\n?|unix:\/.+)$/;
const ANSWER_WITHIN_MS = 5_000;

/**
 * Talks to the engine that started this provider host: shows messages under a resource, and checks that the engine still
 * exists. If the host was not started by an engine, it does nothing.
 */
export class EngineLog {
  /** The engine, as host:port or unix:<socket>; undefined if the host was not started by one. */
  readonly address: string | undefined;
  #engine: Engine | undefined;
  readonly #underWay = new Set<Promise<void>>();

  /** @param address host:port of the engine, or unix:<socket>, which is the provider host's first argument */
  constructor(address: string | undefined = process.argv[2]) {
    this.address = address !== undefined && ADDRESS.test(address) ? address : undefined;
  }

  /** Shows a message; if that fails, the message is lost. */
  note(note: Note): void {
    const shown = this.#connect()?.log(note);
    if (!shown) return;
    this.#underWay.add(shown);
    void shown.then(() => this.#underWay.delete(shown));
  }

  /** Waits until all messages have been shown, because an engine stops its host as soon as it has the last answer. */
  async flush(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /**
   * Returns whether the run that started this host still exists. A host outlives an engine that was killed, and must then
   * spend nothing, because the next run would not know about it.
   */
  async isRunAlive(): Promise<boolean> {
    return (await this.#connect()?.isThere()) ?? true;
  }

  /** Returns whether a program takes part in the run, as in all but a destroy; undefined if no engine tells. */
  async hasProgram(): Promise<boolean | undefined> {
    return this.#connect()?.hasProgram();
  }

  /** Returns the name of the stack whose program takes part in the run; undefined without one, and if no engine tells. */
  async stack(): Promise<string | undefined> {
    return stackOf((await this.#connect()?.root()) ?? "");
  }

  #connect(): Engine | undefined {
    if (this.address === undefined) return undefined;
    this.#engine ??= connect(this.address);
    return this.#engine;
  }
}

interface Engine {
  /** Never fails. */
  log(note: Note): Promise<void>;
  isThere(): Promise<boolean>;
  hasProgram(): Promise<boolean | undefined>;
  /** The URN of the stack's own resource. */
  root(): Promise<string | undefined>;
}

/** Connects with the SDK's own client classes, which are loaded only if there is an engine. */
function connect(address: string): Engine {
  const load = createRequire(import.meta.url);
  const loadLikeSdk = createRequire(load.resolve("@pulumi/pulumi"));
  const grpc = loadLikeSdk("@grpc/grpc-js") as typeof Grpc;
  const { EngineClient } = load("@pulumi/pulumi/proto/engine_grpc_pb") as typeof EngineGrpc;
  const messages = load("@pulumi/pulumi/proto/engine_pb") as typeof EngineMessages;

  const client = new EngineClient(address, grpc.credentials.createInsecure());
  const soon = () => ({ deadline: Date.now() + ANSWER_WITHIN_MS });
  const severities = {
    debug: messages.LogSeverity.DEBUG,
    info: messages.LogSeverity.INFO,
    warning: messages.LogSeverity.WARNING,
    error: messages.LogSeverity.ERROR,
  };

  /** Asks for the stack's own resource, which a program makes before any other. */
  const askRoot = () =>
    new Promise<{ readonly urn?: string; readonly code?: Grpc.status }>((resolve) => {
      client.getRootResource(
        new messages.GetRootResourceRequest(),
        new grpc.Metadata(),
        soon(),
        (error, answer) => resolve(error ? { code: error.code } : { urn: answer.getUrn() }),
      );
    });

  return {
    async log({ severity, urn = "", message, ephemeral = false }) {
      const request = new messages.LogRequest();
      request.setSeverity(severities[severity]);
      request.setUrn(urn);
      request.setMessage(message);
      request.setEphemeral(ephemeral);
      await new Promise<void>((resolve) => {
        client.log(request, new grpc.Metadata(), soon(), () => resolve());
      });
    },
    async isThere() {
      // Any answer counts, even that the engine does not know the call; a busy engine is not dead.
      return (await askRoot()).code !== grpc.status.UNAVAILABLE;
    },
    async hasProgram() {
      const { urn, code } = await askRoot();
      if (urn !== undefined) return urn !== "";
      // Who gets no answer must not take a run for a destroy, which may do more.
      return code === grpc.status.UNIMPLEMENTED ? undefined : true;
    },
    root: async () => (await askRoot()).urn,
  };
}
