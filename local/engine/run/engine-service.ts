import type { LogRequest, LogSeverity, SetRootResourceRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import type { Reporter } from "../reporter.ts";
import { type Handlers, Unavailable } from "../rpc/service.ts";
import type { Severity } from "../types.ts";
import { emptyPb, enginePb } from "../rpc/messages.ts";

const SEVERITIES: Readonly<Record<LogSeverity, Severity>> = {
  [enginePb.LogSeverity.DEBUG]: "debug",
  [enginePb.LogSeverity.INFO]: "info",
  [enginePb.LogSeverity.WARNING]: "warning",
  [enginePb.LogSeverity.ERROR]: "error",
};

/** The service that the program and provider code log to. It works until the very end of a run, when the monitor is closed already. */
export function engineService(reporter: Reporter, isCancelled: () => boolean): Handlers {
  let rootResource = "";
  return {
    log: (request: LogRequest) => {
      const urn = request.getUrn();
      reporter.diagnostic({
        severity: SEVERITIES[request.getSeverity()],
        message: request.getMessage(),
        ephemeral: request.getEphemeral(),
        ...(urn === "" ? {} : { urn }),
      });
      return Promise.resolve(new emptyPb.Empty());
    },
    setRootResource: (request: SetRootResourceRequest) => {
      rootResource = request.getUrn();
      return Promise.resolve(new enginePb.SetRootResourceResponse());
    },
    getRootResource: () => {
      // Providers' code that waits for the outside world asks now and then whether anybody still waits for its answer. The SDK's own
      // provider host takes no notice of Cancel.
      if (isCancelled()) return Promise.reject(new Unavailable("The run is being cancelled."));
      const response = new enginePb.GetRootResourceResponse();
      response.setUrn(rootResource);
      return Promise.resolve(response);
    },
  };
}
