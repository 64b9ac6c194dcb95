import type {
  RegisterResourceOutputsRequest,
  RegisterResourceRequest,
  ResourceInvokeRequest,
  SupportsFeatureRequest,
} from "@pulumi/pulumi/proto/resource_pb.js";
import { messageOf } from "../errors.ts";
import type { EventQueue } from "./events-queue.ts";
import { ProviderChoice } from "./provider-choice.ts";
import type { InvokeResult } from "../providers/provider.ts";
import { goalOf, invocationOf, outputsOf } from "./request.ts";
import { type Handlers, Unavailable } from "../rpc/service.ts";
import { toStruct } from "../rpc/struct.ts";
import type { ConfigValue } from "../stack/stack-config.ts";
import type { ResourceState } from "../state/resource.ts";
import type { Goal, ProgramEvent } from "../steps/registration.ts";
import type { Urn } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { emptyPb, providerPb, resourcePb } from "../rpc/messages.ts";

export interface MonitorOptions {
  readonly project: string;
  readonly projectRoot: string;
  readonly stack: string;
  readonly config: readonly ConfigValue[];
  readonly preview: boolean;
  readonly parallel: number;
  /** Where the events of the program go. */
  readonly events: EventQueue<ProgramEvent>;
  /** Calls a function of a running provider. */
  readonly invoke: (call: Invocation) => Promise<InvokeResult>;
}

export interface Invocation {
  /** Reference of the provider. */
  readonly provider: string;
  readonly token: string;
  readonly args: PropertyMap;
}

/**
 * What the engine does of the protocol. Of the rest, the SDK refuses by itself what it must ask for (transforms, hooks …), because the
 * feature is not listed here; what it sends unasked is refused where requests are read.
 */
const FEATURE = resourcePb.ResourceMonitorFeature;
const FEATURES = [
  FEATURE.RESOURCE_MONITOR_FEATURE_SECRETS,
  FEATURE.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  FEATURE.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
  FEATURE.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  FEATURE.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
];
const FEATURE_IDS = new Set(["secrets", "resourceReferences", "outputValues", "aliasSpecs", "deletedWith"]);

/** A function of a provider failed. */
class InvokeFailed extends Error {}

/** The service that the program talks to: turns its calls into events, and answers when the engine has dealt with them. */
export class ResourceMonitor {
  readonly #options: MonitorOptions;
  readonly #goals = new Map<Urn, Goal>();
  readonly #open = new Set<(error: Error) => void>();
  readonly #providers: ProviderChoice;
  #closed = false;
  #release: (() => void) | undefined;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#providers = new ProviderChoice(
      options.config,
      async (goal) => (await this.#registered(goal)).state,
    );
  }

  /** What it answers, by the protocol's methods. */
  readonly handlers: Handlers = {
    getDeploymentInfo: () => Promise.resolve(this.#deploymentInfo()),
    supportsFeature: (request: SupportsFeatureRequest) =>
      Promise.resolve(
        new resourcePb.SupportsFeatureResponse().setHassupport(FEATURE_IDS.has(request.getId())),
      ),
    registerResource: (request: RegisterResourceRequest) => this.#refusable(() => this.#register(request)),
    registerResourceOutputs: (request: RegisterResourceOutputsRequest) =>
      this.#refusable(() => this.#outputs(request)),
    invoke: (request: ResourceInvokeRequest) => this.#refusable(() => this.#invoke(request)),
    signalAndWaitForShutdown: async () => {
      this.#options.events.push({ kind: "end" });
      await this.#answer<void>((done) => (this.#release = done));
      return new emptyPb.Empty();
    },
  };

  /** All went well: the program, which has said that it is done, ends. */
  release(): void {
    this.#release?.();
    this.close();
  }

  /** The run is over: every call that still waits is answered with UNAVAILABLE. The waiting program then ends by itself. */
  close(): void {
    this.#closed = true;
    for (const reject of this.#open) reject(new Unavailable("The resource monitor has shut down."));
  }

  /** A request that cannot be dealt with ends the run, not only the call: a program may swallow the error. */
  async #refusable<T>(handle: () => Promise<T>): Promise<T> {
    try {
      return await handle();
    } catch (error) {
      // What a provider's function complains of is the program's to deal with.
      if (!(error instanceof Unavailable || error instanceof InvokeFailed)) {
        this.#options.events.push({
          kind: "failed",
          error: error instanceof Error ? error : new Error(messageOf(error)),
        });
      }
      throw error;
    }
  }

  async #register(
    request: RegisterResourceRequest,
  ): Promise<InstanceType<typeof resourcePb.RegisterResourceResponse>> {
    const goal = goalOf(request, this.#goals.get(request.getParent()), this.#options.projectRoot);
    const wanted: Goal = { ...goal, provider: await this.#providers.forResource(goal, request) };
    const { state, isUnknown } = await this.#registered(wanted);
    this.#goals.set(state.urn, wanted);
    if (!goal.custom) this.#providers.learn(state.urn, goal.parent, request);
    // Outputs of a component may refer to resources that are not registered yet; it tells them itself.
    const outputs = goal.custom && !isUnknown ? state.outputs : {};
    return new resourcePb.RegisterResourceResponse()
      .setUrn(state.urn)
      .setId(state.id)
      .setObject(toStruct(outputs))
      .setUnknown(isUnknown);
  }

  async #invoke(
    request: ResourceInvokeRequest,
  ): Promise<InstanceType<typeof resourcePb.ResourceInvokeResponse>> {
    const { token, args } = invocationOf(request);
    const provider = await this.#providers.forFunction(token, request);
    const call = this.#options.invoke({ provider, token, args }).catch((error: unknown) => {
      throw new InvokeFailed(`The call of ${token} failed: ${messageOf(error)}`);
    });
    const { outputs, failures } = await this.#unlessClosed(call);
    return new resourcePb.ResourceInvokeResponse()
      .setReturn(toStruct(outputs))
      .setFailuresList(
        failures.map(({ property, reason }) =>
          new providerPb.CheckFailure().setProperty(property).setReason(reason),
        ),
      );
  }

  async #outputs(request: RegisterResourceOutputsRequest): Promise<InstanceType<typeof emptyPb.Empty>> {
    const urn = request.getUrn();
    const outputs = outputsOf(request.getOutputs(), urn);
    await this.#answer<void>((done) => this.#options.events.push({ kind: "outputs", urn, outputs, done }));
    return new emptyPb.Empty();
  }

  #registered(goal: Goal): Promise<{ readonly state: ResourceState; readonly isUnknown: boolean }> {
    return this.#answer((answer) =>
      this.#options.events.push({
        kind: "register",
        goal,
        done: (state, { isUnknown } = { isUnknown: false }) => answer({ state, isUnknown }),
      }),
    );
  }

  /** The same for work that ends by itself. */
  async #unlessClosed<T>(work: Promise<T>): Promise<T> {
    let settle: (() => void) | undefined;
    const closed = this.#answer<void>((done) => (settle = () => done()));
    try {
      return await Promise.race([work, closed.then(() => work)]);
    } finally {
      settle?.();
    }
  }

  /** Waits until `done` is called, or until the monitor closes. */
  #answer<T>(ask: (done: (result: T) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) {
        reject(new Unavailable("The resource monitor has shut down."));
        return;
      }
      this.#open.add(reject);
      ask((result) => {
        this.#open.delete(reject);
        resolve(result);
      });
    });
  }

  #deploymentInfo(): InstanceType<typeof resourcePb.DeploymentInfo> {
    const { project, stack, config, preview, parallel } = this.#options;
    const info = new resourcePb.DeploymentInfo()
      .setProject(project)
      .setStack(stack)
      .setOrganization("organization")
      .setDryrun(preview)
      .setParallel(parallel)
      .setConfigsecretkeysList(config.filter(({ secret }) => secret).map(({ key }) => key))
      .setSupportedfeaturesList(FEATURES);
    for (const { key, value } of config) info.getConfigMap().set(key, value);
    return info;
  }
}
