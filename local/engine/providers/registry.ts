import { randomUUID } from "node:crypto";
import { EngineError, NotImplemented } from "../errors.ts";
import type { ResourceState } from "../state/resource.ts";
import { packageOfProviderType, parseProviderRef, providerRef, typeOf, type Urn } from "../urn.ts";
import { deepEquals, type PropertyMap } from "../values.ts";
import type { HostOptions } from "./host-process.ts";
import { ProviderHost } from "./host.ts";
import type { DiffResult, ResourceProvider } from "./provider.ts";

/** The one package whose provider this engine can run. */
export const DYNAMIC_PACKAGE = "pulumi-nodejs";

/**
 * The running providers, by reference (`<urn>::<id>`). A provider is a resource too: check, diff, create and update of a provider
 * resource start, compare and configure its process. Providers that only the state knows are started when first needed.
 */
export class ProviderRegistry implements ResourceProvider {
  readonly #options: HostOptions;
  readonly #entries = new Map<string, Promise<ProviderHost>>();
  /** Processes started ahead of need, not yet taken. */
  readonly #spare: Promise<ProviderHost>[] = [];
  readonly #hosts: Promise<ProviderHost>[] = [];

  constructor(options: HostOptions) {
    this.#options = options;
  }

  /** Starts a process now, as one will surely be needed: it then loads while the program does. */
  prepare(): void {
    this.#spare.push(this.#start());
  }

  /** The provider with this reference, configured. @throws EngineError UNKNOWN_PROVIDER */
  async get(reference: string): Promise<ProviderHost> {
    const entry = this.#entries.get(reference);
    if (entry === undefined) throw new EngineError("UNKNOWN_PROVIDER", `Unknown provider ${reference}.`);
    return entry;
  }

  /** Starts the provider of a resource of the state with the configuration in the state, unless it runs already. */
  ensure(reference: string, resources: readonly ResourceState[]): void {
    if (reference === "" || this.#entries.has(reference)) return;
    const { urn, id } = parseProviderRef(reference);
    const state = resources.find((resource) => resource.urn === urn && resource.id === id);
    if (state === undefined)
      throw new EngineError("UNKNOWN_PROVIDER", `The state holds no provider ${reference}.`);
    this.same(state);
  }

  /** A provider resource that did not change. */
  same(state: ResourceState): void {
    const reference = providerRef(state.urn, state.id);
    if (this.#entries.has(reference)) return;
    this.#configure(reference, this.#host(state.urn), configurationOf(state.inputs));
  }

  /** The dynamic provider has no CheckConfig: it takes any configuration. */
  check({ news }: Parameters<ResourceProvider["check"]>[0]): ReturnType<ResourceProvider["check"]> {
    return Promise.resolve({ inputs: news, failures: [] });
  }

  /** The dynamic provider has no DiffConfig: a changed configuration is an update, never a replacement. */
  diff({ oldOutputs, newInputs }: Parameters<ResourceProvider["diff"]>[0]): Promise<DiffResult> {
    const changes = deepEquals(oldOutputs, configurationOf(newInputs)) ? "none" : "some";
    return Promise.resolve({ changes, replaceKeys: [], deleteBeforeReplace: false });
  }

  create({
    urn,
    inputs,
    preview,
  }: Parameters<ResourceProvider["create"]>[0]): ReturnType<ResourceProvider["create"]> {
    const id = preview ? `preview-${randomUUID()}` : randomUUID();
    const outputs = configurationOf(inputs);
    this.#configure(providerRef(urn, id), this.#host(urn), outputs);
    return Promise.resolve({ id, outputs });
  }

  update({
    urn,
    id,
    newInputs,
  }: Parameters<ResourceProvider["update"]>[0]): ReturnType<ResourceProvider["update"]> {
    const outputs = configurationOf(newInputs);
    this.#configure(providerRef(urn, id), this.#host(urn), outputs);
    return Promise.resolve({ outputs });
  }

  read(request: Parameters<ResourceProvider["read"]>[0]): ReturnType<ResourceProvider["read"]> {
    return Promise.reject(
      new EngineError("PROVIDER_READ", `${request.urn}: provider resources cannot be read.`),
    );
  }

  async delete({ urn, id }: Parameters<ResourceProvider["delete"]>[0]): Promise<void> {
    const reference = providerRef(urn, id);
    const entry = this.#entries.get(reference);
    this.#entries.delete(reference);
    await (await entry)?.stop();
  }

  /** Tells every provider that the run is being cancelled. */
  async cancel(): Promise<void> {
    await Promise.all((await this.#started()).map((host) => host.cancel()));
  }

  async close(): Promise<void> {
    await Promise.all((await this.#started()).map((host) => host.stop()));
  }

  #configure(reference: string, host: Promise<ProviderHost>, configuration: PropertyMap): void {
    const ready = host.then(async (started) => {
      await started.configure(configuration);
      return started;
    });
    // Whoever uses the provider awaits it and gets the error; but perhaps nobody does.
    ready.catch(() => undefined);
    this.#entries.set(reference, ready);
  }

  #host(urn: Urn): Promise<ProviderHost> {
    const pkg = packageOfProviderType(typeOf(urn));
    if (pkg !== DYNAMIC_PACKAGE) throw new NotImplemented(`the provider of package "${pkg}"`, urn);
    return this.#spare.shift() ?? this.#start();
  }

  #start(): Promise<ProviderHost> {
    const host = ProviderHost.start(this.#options);
    host.catch(() => undefined);
    this.#hosts.push(host);
    return host;
  }

  async #started(): Promise<ProviderHost[]> {
    const settled = await Promise.allSettled(this.#hosts);
    return settled.flatMap((host) => (host.status === "fulfilled" ? [host.value] : []));
  }
}

/** `__internal` is the engine's own: providers never see it, and outputs never hold it. */
function configurationOf(inputs: PropertyMap): PropertyMap {
  const { __internal: _internal, ...configuration } = inputs;
  return configuration;
}
