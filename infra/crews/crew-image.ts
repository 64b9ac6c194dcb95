import { join } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { type Agent, runsInRuntime } from "../declarations/index.ts";
import { type AgentFiles, type LargeFile, agentFiles, inImage } from "./agent-files.ts";
import {
  type ContextFile,
  contextHash,
  folderContext,
  runtimeContext,
  stageContext,
  textFile,
} from "./build-context.ts";
import { buildFolder } from "../../providers/crew-process/local/index.ts";
import { packagesImage } from "./packages/image.ts";
import type { LockedPackages } from "./packages/locked.ts";

/** Where built images are stored. */
export interface ImageStore {
  /** The images' name before the colon. */
  readonly repository: pulumi.Input<string>;
  /** The registry's credentials; without them images stay in the engine that built them. */
  readonly registry?: {
    readonly username: pulumi.Input<string>;
    readonly password: pulumi.Input<string>;
  };
}

export interface CrewImagesArgs {
  /** The project's folder, absolute. */
  readonly projectRoot: string;
  /** The way to it from the folder that the program runs in, where the engine builds. @default "..", as that is infra/ */
  readonly from?: string;
  readonly network: string;
  /** Always set: the default would be the building machine's platform, so another machine would build a different image. */
  readonly platform: string;
  readonly store: ImageStore;
  /** Returns the reference by which a built image is run; by default its digest. */
  readonly built?: (
    name: string,
    built: BuiltImage,
    options: pulumi.CustomResourceOptions,
  ) => pulumi.Output<string>;
}

export interface BuiltImage {
  readonly tag: pulumi.Output<string>;
  /** By digest. */
  readonly image: pulumi.Output<string>;
}

/**
 * An agent's image is the runtime's image with one more layer, so each additional agent costs only kilobytes wherever it is
 * built: a pipeline's fresh machine pulls the heavy layers instead of building (and pushing) them again. Packages of its own are
 * an image between the two, for the same reason: changed code installs nothing.
 */
const AGENT_DOCKERFILE = "ARG RUNTIME_IMAGE\nFROM ${RUNTIME_IMAGE}\nCOPY agent/ /agent/\n";

/** Cannot be an agent's id, because it begins with an underscore. */
const RUNTIME = "_runtime";

/** The images of a stack's crews. Shared ones are built once, when the first crew needs them. */
export class CrewImages {
  readonly #args: CrewImagesArgs;
  readonly #options: pulumi.CustomResourceOptions;
  readonly #files = new Map<string, AgentFiles>();
  readonly #packages = new Map<string, CrewImage>();
  #runtime: CrewImage | undefined;

  /** @param options options of the shared images; their provider builds all images */
  constructor(args: CrewImagesArgs, options: pulumi.CustomResourceOptions) {
    this.#args = args;
    this.#options = options;
  }

  /** Returns the files that an agent's crew needs, in its image or next to it. */
  filesOf(agent: Agent): AgentFiles {
    const known = this.#files.get(agent.id);
    const files = known ?? agentFiles(this.#args.projectRoot, this.#args.network, agent);
    this.#files.set(agent.id, files);
    return files;
  }

  /** Returns an agent's documents that are too large for its image. */
  largeFilesOf(agent: Agent): readonly LargeFile[] {
    return runsInRuntime(agent) ? this.filesOf(agent).large : [];
  }

  /** Returns the image that an agent runs, by digest; unknown until it is built. */
  reference(agent: Agent, options: pulumi.CustomResourceOptions): pulumi.Output<string> {
    const { source } = agent;
    if (source.kind === "image") return pulumi.output(source.image);
    if (source.kind === "url") throw new Error(`${agent.id} runs elsewhere and has no image`);
    const { projectRoot } = this.#args;
    const files =
      source.kind === "build" ? folderContext(projectRoot, source.folder) : this.#agentContext(agent);
    const runtime = source.kind === "build" ? undefined : this.#baseOf(this.filesOf(agent));
    const child = { ...options, ...(this.#options.provider ? { provider: this.#options.provider } : {}) };
    return new CrewImage(agent.id, { ...this.#args, files, ...(runtime ? { runtime } : {}) }, child)
      .reference;
  }

  /** Returns the runtime's own image, without any agent's files. */
  runtimeReference(): pulumi.Output<string> {
    return (this.#runtime ??= this.#runtimeImage()).reference;
  }

  #agentContext(agent: Agent): ContextFile[] {
    return [textFile("Dockerfile", AGENT_DOCKERFILE), ...inImage(this.filesOf(agent))];
  }

  #baseOf({ packages }: AgentFiles): CrewImage {
    const runtime = (this.#runtime ??= this.#runtimeImage());
    return packages ? this.#packagesImage(packages, runtime) : runtime;
  }

  #runtimeImage(): CrewImage {
    const files = runtimeContext(this.#args.projectRoot);
    return new CrewImage(RUNTIME, { ...this.#args, files }, this.#options);
  }

  #packagesImage(packages: LockedPackages, runtime: CrewImage): CrewImage {
    const { name, files } = packagesImage(this.#args.projectRoot, packages);
    const image =
      this.#packages.get(name) ?? new CrewImage(name, { ...this.#args, files, runtime }, this.#options);
    this.#packages.set(name, image);
    return image;
  }
}

interface CrewImageArgs extends CrewImagesArgs {
  readonly files: readonly ContextFile[];
  /** The image that it is based on. */
  readonly runtime?: CrewImage;
}

/**
 * One image: its files are copied to a folder below .masumi, built there, and tagged with their digest. Unchanged files are
 * neither built nor pushed again, on any machine.
 */
class CrewImage extends pulumi.ComponentResource {
  /** The image to run, by digest. */
  readonly reference: pulumi.Output<string>;
  /** The image's name for a Dockerfile's FROM. */
  readonly base: pulumi.Output<string>;
  readonly hash: string;

  constructor(name: string, args: CrewImageArgs, options: pulumi.CustomResourceOptions) {
    const { provider, ...rest } = options;
    super("masumi:index:CrewImage", name, {}, rest);
    const { projectRoot, from = "..", platform, store, files, runtime } = args;
    const folder = buildFolder(name, pulumi.getStack());
    stageContext(join(projectRoot, folder), files);
    this.hash = contextHash(files, platform, runtime?.hash ?? "");

    // An absolute path would look like a change on other machines.
    const context = `${from}/${folder}`;
    const image = new docker.Image(
      name,
      {
        imageName: pulumi.interpolate`${store.repository}:${name}-${this.hash}`,
        build: {
          context,
          dockerfile: `${context}/Dockerfile`,
          platform,
          builderVersion: docker.BuilderVersion.BuilderBuildKit,
          ...(runtime ? { args: { RUNTIME_IMAGE: runtime.base } } : {}),
        },
        ...(store.registry
          ? { registry: { server: store.repository, ...store.registry } }
          : { skipPush: true }),
      },
      { parent: this, ...(provider ? { provider } : {}) },
    );
    const built = { tag: image.imageName, image: image.repoDigest };
    this.reference = args.built?.(name, built, { parent: this }) ?? image.repoDigest;
    // An image without a registry has no digest that a Dockerfile could refer to.
    this.base = store.registry ? image.repoDigest : image.imageName;
    this.registerOutputs({ reference: this.reference });
  }
}
