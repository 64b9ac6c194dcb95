import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { DockerImageTag } from "../../../providers/docker/index.ts";
import { CrewImages } from "../../crews/crew-image.ts";
import { CONTAINER_PORT, DATA_FOLDER } from "../../crews/environment.ts";
import type { Confinement, Resources } from "../../declarations/index.ts";
import { containerPrefix } from "../../hosting/docker/names.ts";
import { type DockerSettings, isOnAnotherMachine } from "../../hosting/docker/settings.ts";
import type { HostingContext } from "../hosting.ts";

/** The longest job, and so the grace period of a stopped container: changing a crew's text must not kill a paid job. */
export const JOB_SECONDS = 900;

/** The stack's Docker engine, and the images that are built in it. */
export interface DockerEngine {
  /** How the program's own resources reach the engine; "" is DOCKER_HOST, otherwise this machine's engine. */
  readonly host: string;
  /** Returns the options of a resource in that engine. */
  readonly on: (options: pulumi.CustomResourceOptions) => pulumi.CustomResourceOptions;
  /** The platform that images are built for. */
  readonly platform: string;
  readonly images: CrewImages;
}

/** One per program run: a stack may have crews of their own there, and shared ones. */
const used = new WeakMap<HostingContext, DockerEngine>();

export function useEngine(context: HostingContext): DockerEngine {
  const known = used.get(context);
  if (known) return known;
  const engine = makeEngine(context);
  used.set(context, engine);
  return engine;
}

const platformOf = ({ platform, host }: DockerSettings): string =>
  platform ?? (process.arch === "arm64" && !isOnAnotherMachine(host) ? "linux/arm64" : "linux/amd64");

function makeEngine({ config, projectRoot }: HostingContext): DockerEngine {
  const settings = config.docker;
  const host = settings.host ?? "";
  // Without a configured host, the default provider reads DOCKER_HOST, as all Docker tools do.
  const engine = settings.host ? new docker.Provider("docker", { host: settings.host }) : undefined;
  const platform = platformOf(settings);
  const on = (options: pulumi.CustomResourceOptions) => (engine ? { ...options, provider: engine } : options);
  const images = new CrewImages(
    {
      projectRoot,
      network: config.network,
      platform,
      store: { repository: containerPrefix(pulumi.getProject(), pulumi.getStack()) },
      built: (name, { tag, image }, options) => new DockerImageTag(name, { host, tag, image }, options).image,
    },
    on({}),
  );
  return { host, platform, on, images };
}

export interface ConfinedArgs {
  /** Of the container, its volume and its network. */
  readonly name: string;
  readonly image: pulumi.Output<string>;
  readonly envs: pulumi.Output<string[]>;
  readonly port: { readonly external: number; readonly ip: string };
  readonly size: Pick<Resources, "cpu" | "memory">;
  readonly confinement: Confinement;
  /** Whether the crew runtime is what runs. */
  readonly isRuntime: boolean;
}

/** Makes a container with a volume for what it keeps, on a network of its own, and with no more rights than it needs. */
export function makeConfined(
  { on }: DockerEngine,
  logicalName: string,
  { name, image, envs, port, size, confinement, isRuntime }: ConfinedArgs,
  options: pulumi.CustomResourceOptions,
): docker.Container {
  const { dependsOn: _container, ignoreChanges: _also, ...around } = options;
  const volume = new docker.Volume(logicalName, { name }, on(around));
  // On a network of its own a crew reaches no other: not the port for operators either, which has no key.
  const network = new docker.Network(logicalName, { name }, on(around));
  return new docker.Container(
    logicalName,
    {
      name,
      image,
      envs,
      ports: [{ internal: CONTAINER_PORT, ...port }],
      volumes: [{ volumeName: volume.name, containerPath: DATA_FOLDER }],
      cpus: String(size.cpu / 1024),
      memory: size.memory,
      memorySwap: size.memory,
      networkMode: network.name,
      restart: "unless-stopped",
      ...rightsOf(confinement, isRuntime),
      logDriver: "json-file",
      logOpts: { "max-size": "10m", "max-file": "3" },
      stopTimeout: JOB_SECONDS,
      destroyGraceSeconds: JOB_SECONDS,
    },
    on(options),
  );
}

/** Returns what the container may do. What it may have of processes, no resource of the provider can say: DockerStart does. */
const rightsOf = ({ user, readOnly, capabilities }: Confinement, isRuntime: boolean) => ({
  ...(user === undefined ? {} : { user }),
  // Written as the engine answers, so that no preview shows a change.
  capabilities: {
    drops: ["ALL"],
    ...(capabilities.length > 0 ? { adds: capabilities.map((name) => `CAP_${name}`).toSorted() } : {}),
  },
  securityOpts: ["no-new-privileges:true"],
  readOnly,
  // The crew runtime writes to its volume alone, and takes care of what jobs leave behind by itself.
  ...(isRuntime ? {} : { init: true, ...(readOnly ? { tmpfs: { "/tmp": "" } } : {}) }),
});
