import type {
  CheckResponse,
  CreateResponse,
  InvokeResponse,
  ReadResponse,
  UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb.js";
import { EngineError } from "../errors.ts";
import type { Urn } from "../urn.ts";
import { containsSecrets, makeSecret, mapProperties, type PropertyMap } from "../values.ts";
import { checkConfig, configure, diffConfig, diffResult, failuresOf, handshake } from "./configuration.ts";
import { ProviderConnection } from "./connection.ts";
import { type HostProcessOptions, startHostProcess } from "./host-process.ts";
import type { ProviderTrust } from "./provider-trust.ts";
import {
  InitFailed,
  type CheckFailure,
  type DiffResult,
  type InvokeResult,
  type ResourceProvider,
} from "./provider.ts";
import { address, type Protocol, received, sent } from "./wire.ts";
import { providerPb } from "../rpc/messages.ts";

/** While a provider's configuration is not known, nothing can be asked of it. */
const UNCONFIGURED =
  "The configuration of this resource's provider is not known before the update, so what is shown here may differ from what the update does.";

type Configuration = Protocol & { readonly known: boolean };

/** A running provider: its process, and what can be asked of it. `configure` comes before everything that concerns resources. */
export class ProviderHost implements ResourceProvider {
  readonly #connection: ProviderConnection;
  readonly #trust: ProviderTrust;
  /** undefined: it knows no handshake, and says at its configuration what it can do. */
  readonly #handshake: Protocol | undefined;
  #configuration: Configuration | undefined;
  /** As it says itself; empty when it does not. */
  readonly version: string;

  private constructor(
    connection: ProviderConnection,
    trust: ProviderTrust,
    version: string,
    protocol: Protocol | undefined,
  ) {
    this.#connection = connection;
    this.#trust = trust;
    this.version = version;
    this.#handshake = protocol;
  }

  /** @throws EngineError PROVIDER_START, PLUGIN_CRASHED */
  static async start(options: HostProcessOptions & { readonly trust: ProviderTrust }): Promise<ProviderHost> {
    const connection = new ProviderConnection(await startHostProcess(options));
    try {
      const { protocol, version } = await handshake(connection, options);
      return new ProviderHost(connection, options.trust, version, protocol);
    } catch (error) {
      await connection.stop();
      throw error;
    }
  }

  checkConfig(
    urn: Urn,
    olds: PropertyMap,
    news: PropertyMap,
  ): Promise<{ inputs: PropertyMap; failures: readonly CheckFailure[] }> {
    return checkConfig(this.#connection, urn, olds, news);
  }

  diffConfig(request: Parameters<typeof diffConfig>[1]): Promise<DiffResult> {
    return diffConfig(this.#connection, request);
  }

  /** With inputs that are not known yet (in a preview) the provider stays unconfigured, and is asked nothing. */
  async configure(urn: Urn, id: string, inputs: PropertyMap): Promise<void> {
    const answer = await configure(this.#connection, urn, id, inputs);
    this.#configuration = {
      ...(this.#handshake ?? answer ?? { acceptsSecrets: false, acceptsResources: false, previews: false }),
      known: answer !== undefined,
    };
  }

  async check({
    urn,
    olds,
    news,
    preview,
  }: Parameters<ResourceProvider["check"]>[0]): ReturnType<ResourceProvider["check"]> {
    const protocol = this.#protocol();
    if (!protocol.known) return { inputs: news, failures: [] };
    const request = address(new providerPb.CheckRequest(), urn);
    request.setOlds(this.#sent(urn, olds, protocol));
    request.setNews(this.#sent(urn, news, protocol));
    const response = await this.#connection.call<CheckResponse>(`check ${urn}`, (client, done) =>
      client.check(request, done),
    );
    const inputs = received(response.getInputs(), protocol, { urn, like: news, preview });
    return { inputs, failures: failuresOf(response.getFailuresList()) };
  }

  async diff(request: Parameters<ResourceProvider["diff"]>[0]): Promise<DiffResult> {
    const protocol = this.#protocol();
    if (!protocol.known) {
      return { changes: "some", replaceKeys: [], deleteBeforeReplace: false, unavailable: UNCONFIGURED };
    }
    const message = address(new providerPb.DiffRequest(), request.urn);
    message.setId(request.id);
    const { urn } = request;
    message.setOldInputs(this.#sent(urn, request.oldInputs, protocol));
    message.setOlds(this.#sent(urn, request.oldOutputs, protocol));
    message.setNews(this.#sent(urn, request.newInputs, protocol));
    message.setIgnorechangesList([...request.ignoreChanges]);
    return diffResult(
      await this.#connection.call(`compare ${request.urn}`, (client, done) => client.diff(message, done)),
    );
  }

  async create({
    urn,
    inputs,
    timeouts,
    preview,
  }: Parameters<ResourceProvider["create"]>[0]): ReturnType<ResourceProvider["create"]> {
    const protocol = this.#protocol();
    if (!protocol.known) return { id: "", outputs: {} };
    // What a provider that cannot preview would return is taken to be the inputs.
    if (preview && !protocol.previews) return { id: "", outputs: inputs };
    const request = address(new providerPb.CreateRequest(), urn);
    request.setProperties(this.#sent(urn, inputs, protocol));
    request.setTimeout(timeouts.create ?? 0);
    request.setPreview(preview);
    const response = await this.#connection.call<CreateResponse>(
      `create ${urn}`,
      (client, done) => client.create(request, done),
      { effect: !preview, received: (properties) => this.#half(properties, urn, inputs) },
    );
    if (response.getId() === "" && !preview)
      throw new EngineError("NO_ID", `The provider returned no id for ${urn}.`);
    const id = response.getId();
    try {
      return { id, outputs: received(response.getProperties(), protocol, { urn, like: inputs, preview }) };
    } catch (error) {
      // It has been made: out of the state it would be lost.
      if (error instanceof EngineError && !preview) throw new InitFailed(id, inputs, [error.message]);
      throw error;
    }
  }

  async update(request: Parameters<ResourceProvider["update"]>[0]): ReturnType<ResourceProvider["update"]> {
    const { urn, newInputs, preview } = request;
    const protocol = this.#protocol();
    if (!protocol.known) return { outputs: {} };
    if (preview && !protocol.previews) return { outputs: newInputs };
    const message = address(new providerPb.UpdateRequest(), urn);
    message.setId(request.id);
    message.setOlds(this.#sent(urn, request.oldOutputs, protocol));
    message.setOldInputs(this.#sent(urn, request.oldInputs, protocol));
    message.setNews(this.#sent(urn, newInputs, protocol));
    message.setTimeout(request.timeouts.update ?? 0);
    message.setIgnorechangesList([...request.ignoreChanges]);
    message.setPreview(preview);
    const response = await this.#connection.call<UpdateResponse>(
      `update ${urn}`,
      (client, done) => client.update(message, done),
      { effect: !preview, received: (properties) => this.#half(properties, urn, newInputs) },
    );
    return { outputs: received(response.getProperties(), protocol, { urn, like: newInputs, preview }) };
  }

  async read({
    urn,
    id,
    inputs,
    outputs,
    timeouts,
  }: Parameters<ResourceProvider["read"]>[0]): ReturnType<ResourceProvider["read"]> {
    const protocol = this.#protocol();
    const request = address(new providerPb.ReadRequest(), urn);
    request.setId(id);
    request.setInputs(this.#sent(urn, inputs, protocol));
    request.setProperties(this.#sent(urn, outputs, protocol));
    request.setTimeout(timeouts.read ?? 0);
    const response = await this.#connection.call<ReadResponse>(
      `read ${urn}`,
      (client, done) => client.read(request, done),
      { effect: true, received: (properties) => this.#half(properties, urn, outputs) },
    );
    const live = response.getInputs();
    return {
      id: response.getId(),
      outputs: received(response.getProperties(), protocol, { urn, like: outputs, preview: false }),
      inputs:
        live === undefined ? undefined : received(live, protocol, { urn, like: inputs, preview: false }),
    };
  }

  async delete({
    urn,
    id,
    inputs,
    outputs,
    timeouts,
  }: Parameters<ResourceProvider["delete"]>[0]): Promise<void> {
    const protocol = this.#protocol();
    const request = address(new providerPb.DeleteRequest(), urn);
    request.setId(id);
    request.setProperties(this.#sent(urn, outputs, protocol));
    request.setOldInputs(this.#sent(urn, inputs, protocol));
    request.setTimeout(timeouts.delete ?? 0);
    await this.#connection.call(`delete ${urn}`, (client, done) => client.delete(request, done), {
      effect: true,
    });
  }

  /** Calls a function of the provider. */
  async invoke(token: string, args: PropertyMap, preview: boolean): Promise<InvokeResult> {
    const protocol = this.#protocol();
    if (!protocol.known) return { outputs: {}, failures: [] };
    const request = new providerPb.InvokeRequest();
    request.setTok(token);
    request.setArgs(sent(args, protocol));
    request.setPreview(preview);
    const response = await this.#connection.call<InvokeResponse>(`invoke ${token}`, (client, done) =>
      client.invoke(request, done),
    );
    const outputs = received(response.getReturn(), protocol, { urn: token, like: {}, preview: false });
    // It was not told which of its arguments are secret, so all of its answer may be.
    const tainted = !protocol.acceptsSecrets && containsSecrets(args);
    return {
      outputs: tainted ? mapProperties(outputs, makeSecret) : outputs,
      failures: failuresOf(response.getFailuresList()),
    };
  }

  cancel(): Promise<void> {
    return this.#connection.cancel();
  }

  stop(): Promise<void> {
    return this.#connection.stop();
  }

  #protocol(): Configuration {
    if (this.#configuration === undefined) {
      throw new EngineError(
        "UNCONFIGURED_PROVIDER",
        `The ${this.#connection.process.name} was not configured.`,
      );
    }
    return this.#configuration;
  }

  /** Properties in the form that the provider takes. @throws EngineError PROVIDER_NOT_TRUSTED */
  #sent(urn: Urn, properties: PropertyMap, protocol: Protocol): ReturnType<typeof sent> {
    const struct = sent(properties, protocol);
    this.#trust.check(urn, struct);
    return struct;
  }

  /** Of a resource that exists but was not finished. */
  #half(properties: Parameters<typeof received>[0], urn: Urn, like: PropertyMap): PropertyMap {
    return received(properties, this.#protocol(), { urn, like, preview: false });
  }
}
