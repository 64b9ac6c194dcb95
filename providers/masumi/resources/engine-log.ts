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
  /** Shown while it is the latest, and not kept. */
  readonly ephemeral?: boolean;
}

const ANSWER_WITHIN_MS = 5_000;

/**
 * Speaks to the engine that started this provider host: messages under a resource, and whether the engine is
 * still there. Without an engine (the host was not started by one) it is silent and everything goes on.
 */
export class EngineLog {
  readonly #address: string | undefined;
  #engine: Engine | undefined;
  readonly #underWay = new Set<Promise<void>>();

  /** @param address host:port of the engine; the provider host gets it as its first argument */
  constructor(address: string | undefined = process.argv[2]) {
    this.#address = address !== undefined && /^[\w.[\]:-]+:\d+$/.test(address) ? address : undefined;
  }

  /** Shows a message; one that cannot be shown is lost. */
  note(note: Note): void {
    const shown = this.#connect()?.log(note);
    if (!shown) return;
    this.#underWay.add(shown);
    void shown.then(() => this.#underWay.delete(shown));
  }

  /** Ends when all messages have been shown: an engine ends its host as soon as the last answer is there. */
  async flush(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /**
   * Whether the run that started this host still exists. A host outlives an engine that was killed, and must
   * then not spend anything: the next run would not know of it.
   */
  async isRunAlive(): Promise<boolean> {
    return (await this.#connect()?.isThere()) ?? true;
  }

  #connect(): Engine | undefined {
    if (this.#address === undefined) return undefined;
    this.#engine ??= connect(this.#address);
    return this.#engine;
  }
}

interface Engine {
  /** Never fails. */
  log(note: Note): Promise<void>;
  isThere(): Promise<boolean>;
}

/** The engine's own client classes, loaded from the SDK only when there is an engine to speak to. */
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
      return new Promise<boolean>((resolve) => {
        client.getRootResource(
          new messages.GetRootResourceRequest(),
          new grpc.Metadata(),
          soon(),
          (error) => {
            // Any answer will do, also that the engine does not know the call; a busy engine is no dead one.
            resolve(error?.code !== grpc.status.UNAVAILABLE);
          },
        );
      });
    },
  };
}
