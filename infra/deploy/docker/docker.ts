import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { DockerIdentity, DockerImageTag, DockerStart } from "../../../providers/docker/index.ts";
import { CrewImages } from "../../crews/crew-image.ts";
import type { CrewToHost } from "../../crews/crew-to-host.ts";
import { type LargeDocuments, storeLargeDocuments } from "../../crews/large-documents.ts";
import type { StackConfig } from "../../config.ts";
import { type DatabaseOf, agentDatabases } from "../../crews/database.ts";
import { type Agent, confinementOf, hostedBy, runsInRuntime } from "../../declarations/index.ts";
import { CONTAINER_PORT, DATA_FOLDER, containerEnvironment, crewSecrets } from "../../crews/environment.ts";
import { scopeOf } from "../../fleet/index.ts";
import type { HostedCrew, HostingContext, HostingFactory } from "../hosting.ts";
import { containerName, containerPrefix } from "../../hosting/docker/names.ts";
import { type DockerSettings, isOnAnotherMachine } from "../../hosting/docker/settings.ts";
import { dockerPorts, dockerUrl, showsPorts } from "../../hosting/docker/url.ts";

/** The longest job, and so the grace period of a stopped container: changing a crew's text must not kill a paid job. */
const JOB_SECONDS = 900;

/** The longest time that a crew needs to become healthy on a small machine (crewai alone takes 13 s to load). */
const HEALTHY_SECONDS = 120;

/** The same with large documents, which are first fetched, read and embedded. */
const HEALTHY_SECONDS_WITH_LARGE_DOCUMENTS = 900;

const platformOf = ({ platform, host }: DockerSettings): string =>
  platform ?? (process.arch === "arm64" && !isOnAnotherMachine(host) ? "linux/arm64" : "linux/amd64");

/** What all crews in the stack's Docker engine share. */
interface DockerStack {
  readonly config: StackConfig;
  /** How the program's own resources reach the engine; "" is DOCKER_HOST, otherwise this machine's engine. */
  readonly host: string;
  /** Returns the options of a resource in that engine. */
  readonly on: (options: pulumi.CustomResourceOptions) => pulumi.CustomResourceOptions;
  readonly images: CrewImages;
  readonly databaseOf: DatabaseOf;
  /** By agent id. */
  readonly ports: ReadonlyMap<string, number>;
}

/** Runs crews as containers in one Docker engine, each on a port derived from its id, so every preview knows the URL. */
export const hosting: HostingFactory = (context) => {
  const stack = makeStack(context);
  return { host: (crew, options) => hostCrew(stack, crew, options) };
};

function makeStack({ config, projectRoot, agents, registered }: HostingContext): DockerStack {
  const settings = config.docker;
  const host = settings.host ?? "";
  // Without a configured host, the default provider reads DOCKER_HOST, as all Docker tools do.
  const engine = settings.host ? new docker.Provider("docker", { host: settings.host }) : undefined;
  const on = (options: pulumi.CustomResourceOptions) => (engine ? { ...options, provider: engine } : options);
  const images = new CrewImages(
    {
      projectRoot,
      network: config.network,
      platform: platformOf(settings),
      store: { repository: containerPrefix(pulumi.getProject(), pulumi.getStack()) },
      built: (name, { tag, image }, options) => new DockerImageTag(name, { host, tag, image }, options).image,
    },
    on({}),
  );
  const ids = hostedBy("docker", agents).map(({ id }) => id);
  const ports = dockerPorts({ settings, ids, scope: scopeOf(config), registered });
  return { config, host, on, images, ports, databaseOf: agentDatabases(config, agents) };
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
    publishIdentifier(agentIdentifier, identityOptions) {
      void new DockerIdentity(
        agent.id,
        { host, container: name, folder: DATA_FOLDER, agentIdentifier },
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
  const { config, on, databaseOf } = stack;
  const { agent } = crew;
  const databaseUrl = databaseOf(agent, options);
  const volume = new docker.Volume(agent.id, { name }, on(options));
  // On a network of its own a crew reaches no other: not the port for operators either, which has no key.
  const network = new docker.Network(agent.id, { name }, on(options));
  return new docker.Container(
    agent.id,
    {
      name,
      image: imageOf(stack, agent, options),
      envs: environmentOf(config, crew, { documents, databaseUrl }),
      ports: [{ internal: CONTAINER_PORT, external: port, ip: config.docker.bind }],
      volumes: [{ volumeName: volume.name, containerPath: DATA_FOLDER }],
      cpus: String(agent.resources.cpu / 1024),
      memory: agent.resources.memory,
      memorySwap: agent.resources.memory,
      networkMode: network.name,
      restart: "unless-stopped",
      ...rightsOf(agent),
      logDriver: "json-file",
      logOpts: { "max-size": "10m", "max-file": "3" },
      stopTimeout: JOB_SECONDS,
      destroyGraceSeconds: JOB_SECONDS,
    },
    on({
      ...options,
      ...(documents.stored.length > 0 ? { dependsOn: documents.stored } : {}),
      // No registration tells the port of such an agent, but the state does.
      ...(showsPorts(config.docker) || agent.id in config.docker.ports
        ? {}
        : { ignoreChanges: ["ports[0].external"] }),
    }),
  );
}

/** Returns what the container may do. What it may have of processes, no resource of the provider can say: DockerStart does. */
function rightsOf(agent: Agent) {
  const { user, readOnly, capabilities } = confinementOf(agent);
  return {
    ...(user === undefined ? {} : { user }),
    // Written as the engine answers, so that no preview shows a change.
    capabilities: {
      drops: ["ALL"],
      ...(capabilities.length > 0 ? { adds: capabilities.map((name) => `CAP_${name}`).toSorted() } : {}),
    },
    securityOpts: ["no-new-privileges:true"],
    readOnly,
    // The crew runtime writes to its volume alone, and takes care of what jobs leave behind by itself.
    ...(runsInRuntime(agent) ? {} : { init: true, ...(readOnly ? { tmpfs: { "/tmp": "" } } : {}) }),
  };
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
    documents,
    databaseUrl,
  }: { readonly documents: LargeDocuments; readonly databaseUrl: ReturnType<DatabaseOf> },
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
  });
  return pulumi.secret([
    ...[...environment].map(([key, value]) => `${key}=${value}`),
    ...[...secrets].map(([key, { value }]) => pulumi.interpolate`${key}=${value}`),
  ]);
}
