import { type ClientUnaryCall, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import type { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type {
  CheckResponse,
  CreateResponse,
  DiffResponse,
  ReadResponse,
  UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { EngineError } from "../errors.ts";
import type { Child } from "../processes.ts";
import { CHANNEL_OPTIONS } from "../rpc/service.ts";
import { fromStruct, toStruct } from "../rpc/struct.ts";
import { nameOf, typeOf, type Urn } from "../urn.ts";
import {
  annotateSecrets,
  containsUnknowns,
  forProvider,
  mapProperties,
  type PropertyMap,
} from "../values.ts";
import { type HostOptions, startHostProcess } from "./host-process.ts";
import { type DiffResult, InitFailed, type ResourceProvider } from "./provider.ts";

const STOP_GRACE_MILLISECONDS = 2_000;
const CANCEL_TIMEOUT_MILLISECONDS = 2_000;

/**
 * A process of the SDK's dynamic provider, and the client of its gRPC service. It accepts neither secrets nor resource references: they
 * are unwrapped before a call, and what comes back is marked secret again where the inputs are.
 */
export class ProviderHost implements ResourceProvider {
  readonly #child: Child;
  readonly #client: ResourceProviderClient;

  private constructor(child: Child, client: ResourceProviderClient) {
    this.#child = child;
    this.#client = client;
  }

  /** @throws EngineError PROVIDER_START */
  static async start(options: HostOptions): Promise<ProviderHost> {
    const { child, port } = await startHostProcess(options);
    const client = new providerGrpc.ResourceProviderClient(
      `127.0.0.1:${port}`,
      credentials.createInsecure(),
      CHANNEL_OPTIONS,
    );
    return new ProviderHost(child, client);
  }

  async configure(inputs: PropertyMap): Promise<void> {
    const request = new providerPb.ConfigureRequest();
    request.setArgs(toStruct(inputs));
    request.setAcceptsecrets(true);
    request.setAcceptresources(true);
    request.setSendsOldInputs(true);
    request.setSendsOldInputsToDelete(true);
    await this.#call((done) => this.#client.configure(request, done));
  }

  async check({
    urn,
    olds,
    news,
    preview,
  }: Parameters<ResourceProvider["check"]>[0]): ReturnType<ResourceProvider["check"]> {
    const request = new providerPb.CheckRequest();
    address(request, urn);
    request.setOlds(bare(olds));
    request.setNews(bare(news));
    const response = await this.#call<CheckResponse>((done) => this.#client.check(request, done));
    const inputs = known(fromStruct(response.getInputs()), preview, urn);
    const failures = response
      .getFailuresList()
      .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));
    return { inputs: annotateSecrets(inputs, news), failures };
  }

  async diff(request: Parameters<ResourceProvider["diff"]>[0]): Promise<DiffResult> {
    const message = new providerPb.DiffRequest();
    address(message, request.urn);
    message.setId(request.id);
    message.setOldInputs(bare(request.oldInputs));
    message.setOlds(bare(request.oldOutputs));
    message.setNews(bare(request.newInputs));
    message.setIgnorechangesList([...request.ignoreChanges]);
    const response = await this.#call<DiffResponse>((done) => this.#client.diff(message, done));
    const { DIFF_NONE, DIFF_SOME } = providerPb.DiffResponse.DiffChanges;
    const answer = response.getChanges();
    return {
      changes: answer === DIFF_NONE ? "none" : answer === DIFF_SOME ? "some" : "unknown",
      replaceKeys: response.getReplacesList(),
      deleteBeforeReplace: response.getDeletebeforereplace(),
    };
  }

  async create({
    urn,
    inputs,
    timeouts,
    preview,
  }: Parameters<ResourceProvider["create"]>[0]): ReturnType<ResourceProvider["create"]> {
    // The dynamic provider cannot preview: what it would return is taken to be the inputs.
    if (preview) return { id: "", outputs: inputs };
    const request = new providerPb.CreateRequest();
    address(request, urn);
    request.setProperties(bare(inputs));
    request.setTimeout(timeouts.create ?? 0);
    const response = await this.#call<CreateResponse>((done) => this.#client.create(request, done), inputs);
    if (response.getId() === "") throw new EngineError("NO_ID", `The provider returned no id for ${urn}.`);
    return {
      id: response.getId(),
      outputs: annotateSecrets(known(fromStruct(response.getProperties()), false, urn), inputs),
    };
  }

  async update(request: Parameters<ResourceProvider["update"]>[0]): ReturnType<ResourceProvider["update"]> {
    const { urn, newInputs } = request;
    if (request.preview) return { outputs: newInputs };
    const message = new providerPb.UpdateRequest();
    address(message, urn);
    message.setId(request.id);
    message.setOlds(bare(request.oldOutputs));
    message.setOldInputs(bare(request.oldInputs));
    message.setNews(bare(newInputs));
    message.setTimeout(request.timeouts.update ?? 0);
    message.setIgnorechangesList([...request.ignoreChanges]);
    const response = await this.#call<UpdateResponse>(
      (done) => this.#client.update(message, done),
      newInputs,
    );
    return { outputs: annotateSecrets(known(fromStruct(response.getProperties()), false, urn), newInputs) };
  }

  async read({
    urn,
    id,
    inputs,
    outputs,
    timeouts,
  }: Parameters<ResourceProvider["read"]>[0]): ReturnType<ResourceProvider["read"]> {
    const request = new providerPb.ReadRequest();
    address(request, urn);
    request.setId(id);
    request.setInputs(bare(inputs));
    request.setProperties(bare(outputs));
    request.setTimeout(timeouts.read ?? 0);
    const response = await this.#call<ReadResponse>((done) => this.#client.read(request, done), outputs);
    const live = annotateSecrets(known(fromStruct(response.getProperties()), false, urn), outputs);
    const liveInputs = response.getInputs();
    return {
      id: response.getId(),
      outputs: live,
      inputs:
        liveInputs === undefined
          ? undefined
          : annotateSecrets(known(fromStruct(liveInputs), false, urn), inputs),
    };
  }

  async delete({
    urn,
    id,
    inputs,
    outputs,
    timeouts,
  }: Parameters<ResourceProvider["delete"]>[0]): Promise<void> {
    const request = new providerPb.DeleteRequest();
    address(request, urn);
    request.setId(id);
    request.setProperties(bare(outputs));
    request.setOldInputs(bare(inputs));
    request.setTimeout(timeouts.delete ?? 0);
    await this.#call((done) => this.#client.delete(request, done));
  }

  /** Tells the provider that the run is to end. What it does with that is its own affair. */
  async cancel(): Promise<void> {
    const deadline = Date.now() + CANCEL_TIMEOUT_MILLISECONDS;
    await this.#call((done) =>
      this.#client.cancel(new emptyPb.Empty(), new Metadata(), { deadline }, done),
    ).catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#client.close();
    this.#child.process.stdin?.end();
    await this.#child.stop(STOP_GRACE_MILLISECONDS);
  }

  /** `inputs`: where the secrets of a half-made resource are. */
  #call<T>(
    send: (done: (error: ServiceError | null, response: T) => void) => ClientUnaryCall,
    inputs: PropertyMap = {},
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      send((error, response) => {
        if (error === null) resolve(response);
        else reject(providerError(error, inputs));
      });
    });
  }
}

interface Addressed {
  setUrn(urn: string): unknown;
  setName(name: string): unknown;
  setType(type: string): unknown;
}

function address(request: Addressed, urn: Urn): void {
  request.setUrn(urn);
  request.setName(nameOf(urn));
  request.setType(typeOf(urn));
}

const bare = (properties: PropertyMap): ReturnType<typeof toStruct> =>
  toStruct(mapProperties(properties, forProvider));

function known(properties: PropertyMap, preview: boolean, urn: Urn): PropertyMap {
  if (!preview && containsUnknowns(properties)) {
    throw new EngineError(
      "UNKNOWN_OUTPUT",
      `The provider returned a value that is not known yet for ${urn}.`,
    );
  }
  return properties;
}

function providerError(error: ServiceError, inputs: PropertyMap): Error {
  return (
    initFailure(error.metadata, inputs) ?? new EngineError("PROVIDER_ERROR", error.details || error.message)
  );
}

function initFailure(metadata: Metadata | undefined, inputs: PropertyMap): InitFailed | undefined {
  const [details] = metadata?.get("grpc-status-details-bin") ?? [];
  if (!(details instanceof Buffer)) return undefined;
  for (const any of statusPb.Status.deserializeBinary(details).getDetailsList()) {
    const failed = any.unpack(
      (bytes) => providerPb.ErrorResourceInitFailed.deserializeBinary(bytes),
      "pulumirpc.ErrorResourceInitFailed",
    );
    if (failed !== null) {
      return new InitFailed(
        failed.getId(),
        annotateSecrets(fromStruct(failed.getProperties()), inputs),
        failed.getReasonsList(),
      );
    }
  }
  return undefined;
}
