import { randomUUID } from "node:crypto";
import { EngineError } from "../errors.ts";
import type { EngineServices } from "../rpc/service.ts";
import type { ResourceState } from "../state/resource.ts";
import { packageOfProviderType, parseProviderRef, providerRef, typeOf, type Urn } from "../urn.ts";
import { deepEquals, type PropertyMap, UNKNOWN } from "../values.ts";
import { compareVersions } from "../versions.ts";
import { ProviderHost } from "./host.ts";
import type { Launch } from "./launch.ts";
import type { ProviderTrust } from "./provider-trust.ts";
import type { DiffResult, ResourceProvider } from "./provider.ts";

/** The package of the SDK's dynamic provider: what it serves is part of the program. */
export const DYNAMIC_PACKAGE = "pulumi-nodejs";

export interface RegistryOptions {
  /** How to start the provider of a package. @throws EngineError PLUGIN_NOT_FOUND */
  readonly launch: (pkg: string, version: string | undefined) => Launch;
  /** What the engine does for a provider. */
  readonly services: EngineServices;
  /** Where a provider without a pipe reaches the engine. */
  readonly engineAddress: () => Promise<string>;
  readonly trust: ProviderTrust;
  /** A line that a provider's process printed. */
  readonly output: (launch: Launch, line: string, trace: boolean) => void;
  readonly warn: (message: string) => void;
}

interface Entry {
  /** Started, but perhaps not configured yet. */
  readonly started: Promise<ProviderHost>;
  /** Configured. */
  readonly host: Promise<ProviderHost>;
  readonly inputs: PropertyMap;
}

/**
 * The running providers, by reference (`<urn>::<id>`). A provider is a resource too: check, diff, create and update of a provider
 * resource start, compare and configure its process. Providers that only the state knows are started when first needed.
 */
export class ProviderRegistry implements ResourceProvider {
  readonly #options: RegistryOptions;
  readonly #entries = new Map<string, Entry>();
  /** Started to check a configuration, not yet configured with it. */
  readonly #checked = new Map<Urn, Promise<ProviderHost>>();
  /** Providers that are known under a former URN too. */
  readonly #aliases = new Map<Urn, Urn>();
  /** Processes of the dynamic provider, started ahead of need, not yet taken. */
  readonly #spare: Promise<ProviderHost>[] = [];
  readonly #hosts: Promise<ProviderHost>[] = [];
  readonly #warned = new Set<string>();
  readonly #cancelled = new AbortController();

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** Starts a dynamic provider now, as one will surely be needed: it then loads while the program does. */
  prepare(): void {
    this.#spare.push(this.#start(DYNAMIC_PACKAGE, {}));
  }

  /** The provider with this reference, configured. @throws EngineError UNKNOWN_PROVIDER */
  async get(reference: string): Promise<ProviderHost> {
    return this.#entry(reference).host;
  }

  /**
   * Waits until the providers with these references are started.
   * @throws EngineError PLUGIN_NOT_FOUND, BAD_PACKAGE_NAME, PLUGIN_SILENT, PLUGIN_CRASHED if one of them cannot be
   */
  async allStarted(references: Iterable<string>): Promise<void> {
    const known = [...new Set(references)].filter((reference) => reference !== "");
    await Promise.all(known.map((reference) => this.#entry(reference).started));
  }

  /** The configuration that the provider with this reference was given. @throws EngineError UNKNOWN_PROVIDER */
  inputsOf(reference: string): PropertyMap {
    return this.#entry(reference).inputs;
  }

  /** The provider `urn` was called `former` in the state. */
  alias(urn: Urn, former: Urn): void {
    this.#aliases.set(urn, former);
  }

  /** Starts the provider of a resource of the state with the configuration in the state, unless it runs already. */
  ensure(reference: string, resources: readonly ResourceState[]): void {
    if (reference === "" || this.#entries.has(reference)) return;
    const { urn, id } = parseProviderRef(reference);
    const state = resources.find((resource) => resource.urn === urn && resource.id === id);
    if (state === undefined)
      throw new EngineError("UNKNOWN_PROVIDER", `The state holds no provider ${reference}.`);
    this.load(state);
  }

  /** The same, of a provider resource itself. A process that was started to check a new configuration is left to that. */
  load(state: ResourceState): void {
    if (this.#entries.has(providerRef(state.urn, state.id))) return;
    this.#configure(state.urn, state.id, this.#host(state.urn, state.inputs), state.inputs);
  }

  /** A provider resource that was checked and did not change. */
  same(state: ResourceState): void {
    if (this.#entries.has(providerRef(state.urn, state.id))) return;
    const host = this.#take(state.urn) ?? this.#host(state.urn, state.inputs);
    this.#configure(state.urn, state.id, host, state.inputs);
  }

  async check({
    urn,
    olds,
    news,
  }: Parameters<ResourceProvider["check"]>[0]): ReturnType<ResourceProvider["check"]> {
    const starting = this.#host(urn, news);
    const host = await starting;
    const { inputs, failures } = await host.checkConfig(urn, configurationOf(olds), configurationOf(news));
    if (failures.length > 0) {
      await host.stop();
      return { inputs: news, failures };
    }
    this.#checked.set(urn, starting);
    return { inputs: { ...inputs, ...engineKeys(urn, inputs, news) }, failures };
  }

  async diff({
    urn,
    id,
    oldInputs,
    oldOutputs,
    newInputs,
    ignoreChanges,
  }: Parameters<ResourceProvider["diff"]>[0]): Promise<DiffResult> {
    const checked = this.#checked.get(urn);
    const host = await (checked ?? this.get(providerRef(urn, id)));
    const wanted = configurationOf(newInputs);
    const diff = await host.diffConfig({
      urn,
      oldInputs: configurationOf(oldInputs),
      oldOutputs,
      newInputs: wanted,
      ignoreChanges,
    });
    // Its replacement is checked anew, by a process of its own.
    if (diff.replaceKeys.length > 0 && checked !== undefined) {
      this.#checked.delete(urn);
      await host.stop();
    }
    if (diff.changes !== "unknown") return diff;
    return { ...diff, changes: deepEquals(oldOutputs, wanted) ? "none" : "some" };
  }

  create({
    urn,
    inputs,
    preview,
  }: Parameters<ResourceProvider["create"]>[0]): ReturnType<ResourceProvider["create"]> {
    const id = preview ? UNKNOWN : randomUUID();
    this.#configure(urn, id, this.#take(urn) ?? this.#host(urn, inputs), inputs);
    return Promise.resolve({ id, outputs: configurationOf(inputs) });
  }

  async update({
    urn,
    id,
    newInputs,
  }: Parameters<ResourceProvider["update"]>[0]): ReturnType<ResourceProvider["update"]> {
    const before = this.#entries.get(providerRef(urn, id));
    this.#configure(urn, id, this.#take(urn) ?? this.#host(urn, newInputs), newInputs);
    await (await before?.host.catch(() => undefined))?.stop();
    return { outputs: configurationOf(newInputs) };
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
    await (await entry?.host.catch(() => undefined))?.stop();
  }

  /** Tells every provider that the run is being cancelled. */
  async cancel(): Promise<void> {
    this.#cancelled.abort();
    await Promise.all((await this.#started()).map((host) => host.cancel()));
  }

  async close(): Promise<void> {
    await Promise.all((await this.#started()).map((host) => host.stop()));
  }

  #entry(reference: string): Entry {
    const entry = this.#entries.get(reference);
    if (entry === undefined) throw new EngineError("UNKNOWN_PROVIDER", `Unknown provider ${reference}.`);
    return entry;
  }

  #configure(urn: Urn, id: string, host: Promise<ProviderHost>, inputs: PropertyMap): void {
    const configuration = configurationOf(inputs);
    const ready = host.then(async (started) => {
      await started.configure(urn, id, configuration);
      return started;
    });
    // Whoever uses the provider awaits it and gets the error; but perhaps nobody does.
    ready.catch(() => undefined);
    const entry = { started: host, host: ready, inputs: configuration };
    this.#entries.set(providerRef(urn, id), entry);
    const former = this.#aliases.get(urn);
    if (former !== undefined) this.#entries.set(providerRef(former, id), entry);
  }

  #take(urn: Urn): Promise<ProviderHost> | undefined {
    const host = this.#checked.get(urn);
    this.#checked.delete(urn);
    return host;
  }

  #host(urn: Urn, inputs: PropertyMap): Promise<ProviderHost> {
    const pkg = packageOfProviderType(typeOf(urn));
    return (pkg === DYNAMIC_PACKAGE ? this.#spare.shift() : undefined) ?? this.#start(pkg, inputs);
  }

  #start(pkg: string, inputs: PropertyMap): Promise<ProviderHost> {
    const { version } = inputs;
    const host = this.#launch(pkg, typeof version === "string" ? version : undefined);
    host.catch(() => undefined);
    this.#hosts.push(host);
    return host;
  }

  async #launch(pkg: string, version: string | undefined): Promise<ProviderHost> {
    const launch = this.#options.launch(pkg, version);
    if (launch.ambient !== undefined)
      this.#warnOnce(`using pulumi-resource-${pkg} from $PATH at ${launch.ambient}`);
    const host = await ProviderHost.start({
      launch,
      trust: this.#options.trust,
      services: this.#options.services,
      engineAddress: this.#options.engineAddress,
      signal: this.#cancelled.signal,
      output: (line, trace) => this.#options.output(launch, line, trace),
    });
    if (version !== undefined && host.version !== "" && compareVersions(host.version, version) < 0) {
      this.#warnOnce(
        `The ${launch.name} reports version ${host.version}, but the program asks for ${version} or newer.`,
      );
    }
    return host;
  }

  #warnOnce(message: string): void {
    if (!this.#warned.has(message)) this.#options.warn(message);
    this.#warned.add(message);
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

/** What the engine put into the configuration of a provider, and the provider must not change. @throws EngineError PROVIDER_VERSION */
function engineKeys(urn: Urn, checked: PropertyMap, news: PropertyMap): PropertyMap {
  const { __internal: internal, version } = news;
  if (version !== undefined && checked["version"] !== undefined && !deepEquals(version, checked["version"])) {
    throw new EngineError("PROVIDER_VERSION", `The provider ${urn} tried to change its own version.`);
  }
  return {
    ...(internal === undefined ? {} : { __internal: internal }),
    ...(version === undefined ? {} : { version }),
  };
}
