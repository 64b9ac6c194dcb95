import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { DockerIdentity, DockerStart } from "../../../providers/docker/index.ts";
import type { CrewToHost } from "../../crews/crew-to-host.ts";
import { type LargeDocuments, storeLargeDocuments } from "../../crews/large-documents.ts";
import type { StackConfig } from "../../config.ts";
import { type DatabaseOf, agentDatabases } from "../../crews/database.ts";
import { type Agent, confinementOf, hostedBy, runsInRuntime } from "../../declarations/index.ts";
import { DATA_FOLDER, containerEnvironment, crewSecrets } from "../../crews/environment.ts";
import { scopeOf } from "../../fleet/index.ts";
import type { HostedCrew, HostingContext, HostingFactory } from "../hosting.ts";
import { containerName } from "../../hosting/docker/names.ts";
import { type DockerEngine, JOB_SECONDS, makeConfined, useEngine } from "./engine.ts";
import { dockerPorts, dockerUrl, showsPorts } from "../../hosting/docker/url.ts";

/** The longest time that a crew needs to become healthy on a small machine (crewai alone takes 13 s to load). */
const HEALTHY_SECONDS = 120;

/** The same with large documents, which are first fetched, read and embedded. */
const HEALTHY_SECONDS_WITH_LARGE_DOCUMENTS = 900;

/** What all crews in the stack's Docker engine share. */
interface DockerStack extends DockerEngine {
  readonly config: StackConfig;
  readonly databaseOf: DatabaseOf;
  /** By agent id. */
  readonly ports: ReadonlyMap<string, number>;
}

/** Runs crews as containers in one Docker engine, each on a port derived from its id, so every preview knows the URL. */
export const hosting: HostingFactory = (context) => {
  const stack = makeStack(context);
  return { host: (crew, options) => hostCrew(stack, crew, options) };
};

function makeStack(context: HostingContext): DockerStack {
  const { config, agents, registered } = context;
  const settings = config.docker;
  const ids = hostedBy("docker", agents).map(({ id }) => id);
  const ports = dockerPorts({ settings, ids, scope: scopeOf(config), registered });
  return { ...useEngine(context), config, ports, databaseOf: agentDatabases(config, agents) };
}

function hostCrew(stack: DockerStack, crew: CrewToHost, options: pulumi.CustomResourceOptions): HostedCrew {
  const { config, host, images, ports } = stack;
  const { agent } = crew;
  const port = ports.get(agent.id);
  if (port === undefined) throw new Error(`${agent.id} is not among the agents of this hosting`);
  const name = containerName(pulumi.getProject(), pulumi.getStack(), agent.id);
  const documents = storeLargeDocuments(agent, images.largeFilesOf(agent), config, options);
  const container = makeContainer(stack, { crew, name, port, documents }, options);
  const seconds = documents.stored.length > 0 ? HEALTHY_SECONDS_WITH_LARGE_DOCUMENTS : HEALTHY_SECONDS;
  const start = new DockerStart(
    agent.id,
    {
      host,
      container: name,
      containerId: container.id,
      agentId: agent.id,
      seconds,
      pids: confinementOf(agent).pids,
    },
    options,
  );
  return {
    url: dockerUrl(config.docker, agent.id, port),
    ready: [container, start],
    publishIdentity(identity, identityOptions) {
      void new DockerIdentity(
        agent.id,
        { host, container: name, folder: DATA_FOLDER, ...identity },
        // A recreated container keeps the volume and therefore the file.
        { ...identityOptions, dependsOn: [container] },
      );
    },
  };
}

interface ContainerParts {
  readonly crew: CrewToHost;
  readonly name: string;
  readonly port: number;
  readonly documents: LargeDocuments;
}

function makeContainer(
  stack: DockerStack,
  { crew, name, port, documents }: ContainerParts,
  options: pulumi.CustomResourceOptions,
): docker.Container {
  const { config, databaseOf } = stack;
  const { agent } = crew;
  const databaseUrl = databaseOf(agent, options);
  return makeConfined(
    stack,
    agent.id,
    {
      name,
      image: imageOf(stack, agent, options),
      envs: environmentOf(config, crew, { port, documents, databaseUrl }),
      port: { external: port, ip: config.docker.bind },
      size: agent.resources,
      confinement: confinementOf(agent),
      isRuntime: runsInRuntime(agent),
    },
    {
      ...options,
      ...(documents.stored.length > 0 ? { dependsOn: documents.stored } : {}),
      // No registration tells the port of such an agent, but the state does.
      ...(showsPorts(config.docker) || agent.id in config.docker.ports
        ? {}
        : { ignoreChanges: ["ports[0].external"] }),
    },
  );
}

/** Returns the image to run: one that is pulled, or one that was built in this engine. */
const imageOf = (
  { images, on }: DockerStack,
  agent: Agent,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> =>
  agent.source.kind === "image"
    ? new docker.RemoteImage(agent.id, { name: agent.source.image, keepLocally: true }, on(options)).imageId
    : images.reference(agent, options);

/** Returns the container's environment, including secrets. */
function environmentOf(
  config: StackConfig,
  crew: CrewToHost,
  {
    port,
    documents,
    databaseUrl,
  }: {
    readonly port: number;
    readonly documents: LargeDocuments;
    readonly databaseUrl: ReturnType<DatabaseOf>;
  },
): pulumi.Output<string[]> {
  const secrets = crewSecrets(crew.agent, config, { needsDocumentsKey: documents.needsKey, databaseUrl });
  const environment = containerEnvironment({
    ...crew,
    documents: documents.environment,
    config,
    identity: { file: `${DATA_FOLDER}/identity.json` },
    jobSeconds: JOB_SECONDS,
    graceSeconds: JOB_SECONDS,
    proxyHops: config.docker.proxyHops,
    ...(runsInRuntime(crew.agent) ? { publicUrl: dockerUrl(config.docker, crew.agent.id, port) } : {}),
  });
  return pulumi.secret([
    ...[...environment].map(([key, value]) => `${key}=${value}`),
    ...[...secrets].map(([key, { value }]) => pulumi.interpolate`${key}=${value}`),
  ]);
}
