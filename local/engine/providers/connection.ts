import type { ClientUnaryCall, Metadata, ServiceError } from "@grpc/grpc-js";
import type { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { setTimeout as sleep } from "node:timers/promises";
import { EngineError, ProviderError } from "../errors.ts";
import { status } from "../rpc/calls.cjs";
import { connectGrpc } from "../rpc/grpc.ts";
import { RESOURCE_PROVIDER } from "../rpc/services.ts";
import { fromStruct } from "../rpc/struct.ts";
import type { PropertyMap } from "../values.ts";
import type { HostProcess } from "./host-process.ts";
import { InitFailed } from "./provider.ts";
import { emptyPb, providerPb, statusPb } from "../rpc/messages.ts";

const STOP_GRACE_MILLISECONDS = 2_000;
const CANCEL_TIMEOUT_MILLISECONDS = 2_000;
/** A process that crashed has closed its connection a moment before its end is known. */
const CRASH_NOTICE_MILLISECONDS = 1_000;

type Struct = NonNullable<Parameters<typeof fromStruct>[0]>;
type Answer<T> = (error: ServiceError | null, response: T) => void;

/** The provider does not have the method. */
export class Unimplemented extends EngineError {
  constructor(message: string) {
    super("UNIMPLEMENTED", message);
  }
}

export interface CallOptions {
  /** The call changes something outside: it is never cut off. The others are, when the run is cancelled. */
  readonly effect?: boolean;
  /** Turns the raw properties of a half-made resource, which an error may hold, into those that the state keeps. */
  readonly received?: (properties: Struct | undefined) => PropertyMap;
}

/** The connection to a provider's process: calls, and what became of those that fail. */
export class ProviderConnection {
  readonly process: HostProcess;
  /** For calls with a deadline, before which gRPC's clients want metadata. */
  readonly noMetadata: Metadata;
  readonly #client: ResourceProviderClient;
  readonly #harmless = new Set<ClientUnaryCall>();
  #stopped = false;

  constructor(process: HostProcess) {
    this.process = process;
    const { place } = process;
    const { client, noMetadata } =
      typeof place === "string"
        ? connectGrpc(place)
        : { client: place.client<ResourceProviderClient>(RESOURCE_PROVIDER), noMetadata: undefined };
    this.#client = client;
    // A pipe takes none along.
    this.noMetadata = noMetadata as Metadata;
  }

  /**
   * Calls a method; `send` gets the client and passes on `done`.
   * @throws Unimplemented, InitFailed, EngineError PLUGIN_CRASHED, PROVIDER_ERROR
   */
  async call<T>(
    method: string,
    send: (client: ResourceProviderClient, done: Answer<T>) => ClientUnaryCall,
    { effect = false, received = fromStruct }: CallOptions = {},
  ): Promise<T> {
    let call: ClientUnaryCall | undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        call = send(this.#client, (error, response) => {
          if (error === null) resolve(response);
          else reject(error);
        });
        if (!effect) this.#harmless.add(call);
      });
    } catch (error) {
      throw await this.#explained(method, error as ServiceError, received);
    } finally {
      if (call !== undefined) this.#harmless.delete(call);
    }
  }

  /** The run is to end: calls without an effect are cut off, and the provider is told. What it does with that is its own affair. */
  async cancel(): Promise<void> {
    for (const call of this.#harmless) call.cancel();
    await this.#sayCancel();
  }

  /** Ends the process, in the way that plugins are used to: first they are told. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.#sayCancel();
    this.#client.close();
    const { child } = this.process;
    child.process.stdin?.end();
    await child.stop(STOP_GRACE_MILLISECONDS);
  }

  async #sayCancel(): Promise<void> {
    const deadline = Date.now() + CANCEL_TIMEOUT_MILLISECONDS;
    await new Promise<void>((resolve) => {
      this.#client.cancel(new emptyPb.Empty(), this.noMetadata, { deadline }, () => resolve());
    });
  }

  async #explained(
    method: string,
    error: ServiceError,
    received: (properties: Struct | undefined) => PropertyMap,
  ): Promise<Error> {
    const text = error.details || error.message;
    if (error.code === status.UNIMPLEMENTED) return new Unimplemented(text);
    if (error.code === status.UNAVAILABLE) {
      const crash = await this.#crash(method);
      if (crash !== undefined) return crash;
    }
    if (error.code === status.DEADLINE_EXCEEDED) {
      return new EngineError(
        "PLUGIN_SILENT",
        `The ${this.process.name} did not answer when asked to ${method}.`,
      );
    }
    for (const any of detailsOf(error)) {
      const failed = unpack(
        any,
        (bytes) => providerPb.ErrorResourceInitFailed.deserializeBinary(bytes),
        "ErrorResourceInitFailed",
      );
      if (failed !== null) {
        const outputs = received(failed.getProperties());
        const inputs = failed.getInputs();
        return new InitFailed(
          failed.getId(),
          outputs,
          failed.getReasonsList(),
          inputs === undefined ? undefined : received(inputs),
        );
      }
      const missing = unpack(
        any,
        (bytes) => providerPb.ConfigureErrorMissingKeys.deserializeBinary(bytes),
        "ConfigureErrorMissingKeys",
      );
      if (missing !== null) return missingKeys(missing.getMissingkeysList());
    }
    return new ProviderError(text);
  }

  async #crash(method: string): Promise<Error | undefined> {
    const { name, child, lastLines } = this.process;
    const patience = new AbortController();
    const code = await Promise.race([
      child.exited,
      sleep(CRASH_NOTICE_MILLISECONDS, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    if (code === undefined || this.#stopped) return undefined;
    return new EngineError(
      "PLUGIN_CRASHED",
      [
        `The ${name} exited (${code}) when asked to ${method}; whether it did so is unknown.`,
        ...(lastLines.length > 0 ? ["Its last output:", ...lastLines] : []),
      ].join("\n"),
    );
  }
}

type PackedDetail = ReturnType<InstanceType<typeof statusPb.Status>["getDetailsList"]>[number];

function detailsOf(error: ServiceError): PackedDetail[] {
  const [details] = error.metadata?.get("grpc-status-details-bin") ?? [];
  return details instanceof Buffer ? statusPb.Status.deserializeBinary(details).getDetailsList() : [];
}

function unpack<T extends object>(any: PackedDetail, read: (bytes: Uint8Array) => T, name: string): T | null {
  return any.unpack(read as never, `pulumirpc.${name}`) as T | null;
}

interface MissingKey {
  getName(): string;
  getDescription(): string;
}

function missingKeys(keys: readonly MissingKey[]): Error {
  return new EngineError(
    "MISSING_PROVIDER_CONFIG",
    keys
      .map((key) => `The provider needs the configuration key "${key.getName()}": ${key.getDescription()}`)
      .join("\n"),
    "Set it with `config set <key> <value>`.",
  );
}
