import * as pulumi from "@pulumi/pulumi";
import { DockerStart } from "../../../providers/docker/index.ts";
import {
  DATA_FOLDER,
  runtimeEnvironment,
  runtimeSecrets,
  sortedEnvironment,
  tracesEnvironment,
} from "../../crews/environment.ts";
import { RUNTIME_CONFINEMENT } from "../../declarations/index.ts";
import { scopeOf } from "../../fleet/index.ts";
import { SHARED_SERVICE, serviceStack, sharedContainer } from "../../hosting/shared/names.ts";
import { sharedPort } from "../../hosting/shared/url.ts";
import { dockerUrl } from "../../hosting/docker/url.ts";
import { type DockerEngine, JOB_SECONDS, makeConfined, useEngine } from "../docker/engine.ts";
import type { HostingContext } from "../hosting.ts";
import { SharedCrews } from "./component.ts";
import { type SharedService, secretsInFile } from "./service.ts";

const AGENTS = `${DATA_FOLDER}/agents`;

/** The longest time that the service needs to become healthy on a small machine. */
const HEALTHY_SECONDS = 120;

/** Makes the service as a container of the stack's Docker engine, with its agents on its volume. */
export function dockerService(context: HostingContext): SharedService {
  const { config } = context;
  const { shared, docker } = config;
  const engine = useEngine(context);
  const { host } = engine;
  const name = sharedContainer(pulumi.getProject(), serviceStack(shared, pulumi.getStack()));
  const port = sharedPort({ settings: config, scope: scopeOf(config) });
  const served = {
    url: dockerUrl(docker, shared.name, port),
    place: { kind: "docker", host, container: name, folder: AGENTS } as const,
    platform: engine.platform,
    instances: 1,
    jobSeconds: JOB_SECONDS,
    passSecrets: secretsInFile,
  };
  if (shared.of !== undefined) return { ...served, ready: [] };
  return { ...served, ready: makeDockerService({ context, engine, name, port }) };
}

/** Makes the container, and returns what must be up before agents come. */
function makeDockerService({
  context: { config },
  engine,
  name,
  port,
}: {
  readonly context: HostingContext;
  readonly engine: DockerEngine;
  readonly name: string;
  readonly port: number;
}): pulumi.Resource[] {
  const { shared, docker } = config;
  const options = { parent: new SharedCrews(SHARED_SERVICE) };
  const environment = sortedEnvironment({
    AGENTS,
    // The image names the file of a crew of one agent.
    AGENT_DECLARATION: "",
    ...(shared.code ? { SHARED_CODE: "1" } : {}),
    ...tracesEnvironment(config),
    ...runtimeEnvironment({
      graceSeconds: JOB_SECONDS,
      proxyHops: docker.proxyHops,
      publicUrl: dockerUrl(docker, shared.name, port),
    }),
  });
  const secrets = Object.entries(runtimeSecrets(config)).map(
    ([key, value]) => pulumi.interpolate`${key}=${pulumi.secret(value)}`,
  );
  const container = makeConfined(
    engine,
    SHARED_SERVICE,
    {
      name,
      image: engine.images.runtimeReference(),
      envs: pulumi.output([...[...environment].map(([key, value]) => `${key}=${value}`), ...secrets]),
      port: { external: port, ip: docker.bind },
      size: shared,
      confinement: RUNTIME_CONFINEMENT,
      isRuntime: true,
    },
    options,
  );
  const start = new DockerStart(
    SHARED_SERVICE,
    {
      host: engine.host,
      container: name,
      containerId: container.id,
      agentId: SHARED_SERVICE,
      seconds: HEALTHY_SECONDS,
      pids: RUNTIME_CONFINEMENT.pids,
    },
    options,
  );
  return [container, start];
}
