import * as pulumi from "@pulumi/pulumi";
import {
  SHARED_SERVICE,
  crewHome,
  crewUrl,
  recordedCrews,
  reservePorts,
} from "../../../providers/crew-process/local/index.ts";
import { separateStack } from "../../../providers/common/local-stack.js";
import { SharedProcess } from "../../../providers/shared-crew/index.ts";
import { tracesEnvironment } from "../../crews/environment.ts";
import type { HostingContext } from "../hosting.ts";
import { pollSeconds } from "../process/process.ts";
import { serviceStack } from "../../hosting/shared/names.ts";
import { SharedCrews } from "./component.ts";
import { type SharedService, secretsInFile } from "./service.ts";

/** The longest job of a crew that runs as a process, in seconds: what the crew runtime allows unless it is told otherwise. */
const JOB_SECONDS = 900;

/** Makes the service as a process of this machine, on a reserved port, so every preview knows the URL. */
export async function processService({ config, projectRoot }: HostingContext): Promise<SharedService> {
  const { of, keep, code } = config.shared;
  const { tracesHeaders } = config;
  const stack = separateStack(serviceStack(config.shared, config.stack));
  const own = { projectRoot, ...(stack === undefined ? {} : { stack }) };
  const port = (await reservePorts(projectRoot, [SHARED_SERVICE], stack)).get(SHARED_SERVICE);
  if (port === undefined) throw new Error("no port is reserved for the shared crew service");
  const served = {
    url: crewUrl(port),
    place: { kind: "folder", ...own } as const,
    instances: 1,
    jobSeconds: JOB_SECONDS,
    environment: { PAYMENT_POLL: String(pollSeconds(config.paymentServiceUrl)) },
    passSecrets: secretsInFile,
  };
  if (of !== undefined) return { ...served, ready: [] };
  const service = new SharedProcess(
    SHARED_SERVICE,
    {
      ...own,
      port,
      code,
      ...(keep ? { keep } : {}),
      ...(config.traces ? { traces: tracesEnvironment(config) } : {}),
      ...(tracesHeaders === undefined ? {} : { tracesHeaders }),
    },
    { parent: new SharedCrews(SHARED_SERVICE) },
  );
  const home = crewHome(projectRoot, SHARED_SERVICE, stack);
  const recorded = recordedCrews(projectRoot).find((crew) => crew.home === home);
  if (recorded && !recorded.isAlive) {
    void pulumi.log.warn("The shared crew service is not running; up starts it again.", service);
  }
  return { ...served, ready: [service] };
}
