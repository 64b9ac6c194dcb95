import type { Method, Service } from "./calls.cjs";
import { emptyPb, enginePb, pluginPb, providerPb, resourcePb } from "./messages.ts";

/** What this engine does of the protocol's services; the SDK's own definitions, which have everything, bring gRPC along. */
type Messages = readonly [request: unknown, response: unknown];

const service = (name: string, methods: Readonly<Record<string, Messages>>): Service =>
  Object.fromEntries(
    Object.entries(methods).map(([method, [requestType, responseType]]) => [
      method,
      {
        path: `/pulumirpc.${name}/${method.charAt(0).toUpperCase()}${method.slice(1)}`,
        requestType,
        responseType,
      } as Method,
    ]),
  );

export const RESOURCE_MONITOR = service("ResourceMonitor", {
  getDeploymentInfo: [emptyPb.Empty, resourcePb.DeploymentInfo],
  supportsFeature: [resourcePb.SupportsFeatureRequest, resourcePb.SupportsFeatureResponse],
  registerResource: [resourcePb.RegisterResourceRequest, resourcePb.RegisterResourceResponse],
  registerResourceOutputs: [resourcePb.RegisterResourceOutputsRequest, emptyPb.Empty],
  invoke: [resourcePb.ResourceInvokeRequest, resourcePb.ResourceInvokeResponse],
  signalAndWaitForShutdown: [emptyPb.Empty, emptyPb.Empty],
});

export const ENGINE = service("Engine", {
  log: [enginePb.LogRequest, emptyPb.Empty],
  setRootResource: [enginePb.SetRootResourceRequest, enginePb.SetRootResourceResponse],
  getRootResource: [enginePb.GetRootResourceRequest, enginePb.GetRootResourceResponse],
});

export const RESOURCE_PROVIDER = service("ResourceProvider", {
  handshake: [providerPb.ProviderHandshakeRequest, providerPb.ProviderHandshakeResponse],
  getPluginInfo: [emptyPb.Empty, pluginPb.PluginInfo],
  checkConfig: [providerPb.CheckRequest, providerPb.CheckResponse],
  diffConfig: [providerPb.DiffRequest, providerPb.DiffResponse],
  configure: [providerPb.ConfigureRequest, providerPb.ConfigureResponse],
  invoke: [providerPb.InvokeRequest, providerPb.InvokeResponse],
  check: [providerPb.CheckRequest, providerPb.CheckResponse],
  diff: [providerPb.DiffRequest, providerPb.DiffResponse],
  create: [providerPb.CreateRequest, providerPb.CreateResponse],
  read: [providerPb.ReadRequest, providerPb.ReadResponse],
  update: [providerPb.UpdateRequest, providerPb.UpdateResponse],
  delete: [providerPb.DeleteRequest, emptyPb.Empty],
  cancel: [emptyPb.Empty, emptyPb.Empty],
});
