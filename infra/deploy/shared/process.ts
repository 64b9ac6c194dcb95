import * as pulumi from "@pulumi/pulumi";
import {
  SHARED_SERVICE,
  crewUrl,
  portsFile,
  recordedCrews,
  reservePort,
} from "../../../providers/crew-process/local/index.ts";
import { SharedProcess } from "../../../providers/shared-crew/index.ts";
import type { HostingContext } from "../hosting.ts";
import { pollSeconds } from "../process/process.ts";
import { SharedCrews } from "./component.ts";
import { type SharedService, secretsInFile } from "./service.ts";

/** The longest job of a crew that runs as a process, in seconds: what the crew runtime allows unless it is told otherwise. */
const JOB_SECONDS = 900;

/** Makes the service as a process of this machine, on a reserved port, so every preview knows the URL. */
export function processService({ config, projectRoot }: HostingContext): SharedService {
  const port = reservePort(portsFile(projectRoot), SHARED_SERVICE);
  const service = new SharedProcess(
    SHARED_SERVICE,
    { projectRoot, port, code: config.shared.code },
    { parent: new SharedCrews(SHARED_SERVICE) },
  );
  const recorded = recordedCrews(projectRoot).find(({ agentId }) => agentId === SHARED_SERVICE);
  if (recorded && !recorded.isAlive) {
    void pulumi.log.warn("The shared crew service is not running; up starts it again.", service);
  }
  return {
    url: crewUrl(port),
    place: { kind: "folder", projectRoot },
    ready: [service],
    instances: 1,
    jobSeconds: JOB_SECONDS,
    environment: { PAYMENT_POLL: String(pollSeconds(config.paymentServiceUrl)) },
    passSecrets: secretsInFile,
  };
}
