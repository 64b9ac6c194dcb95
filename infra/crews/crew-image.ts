import { join } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { type Agent, runsInRuntime } from "../declarations/index.ts";
import { type AgentFiles, type LargeFile, agentFiles, inImage, textFile } from "./agent-files.ts";
import {
  type ContextFile,
  contextHash,
  folderContext,
  runtimeContext,
  stageContext,
} from "./build-context.ts";

/** Where built images go. */
export interface ImageStore {
  /** What images are called, before the colon. */
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
  readonly network: string;
  /** Always said: the default would be the building machine's, and so another one's image. */
  readonly platform: string;
  readonly store: ImageStore;
  /** Gives what is to run of an image that was built; by default its digest. */
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
 * An agent's image is the runtime's with one layer on top, so that a further agent costs kilobytes, wherever it is built: a
 * pipeline's fresh machine pulls the heavy layers instead of building (and pushing) them anew.
 */
const AGENT_DOCKERFILE = "ARG RUNTIME_IMAGE\nFROM ${RUNTIME_IMAGE}\nCOPY agent/ /agent/\n";

/** No agent's id: it begins with an underscore. */
const RUNTIME = "_runtime";

/** The images of a stack's crews. What several share is built once, when the first crew needs it. */
export class CrewImages {
  readonly #args: CrewImagesArgs;
  readonly #options: pulumi.CustomResourceOptions;
  readonly #files = new Map<string, AgentFiles>();
  #runtime: CrewImage | undefined;

  /** @param options of the shared image; its provider builds all of them */
  constructor(args: CrewImagesArgs, options: pulumi.CustomResourceOptions) {
    this.#args = args;
    this.#options = options;
  }

  /** What the crew of an agent runs on, in its image or beside it. */
  filesOf(agent: Agent): AgentFiles {
    const known = this.#files.get(agent.id);
    const files = known ?? agentFiles(this.#args.projectRoot, this.#args.network, agent);
    this.#files.set(agent.id, files);
    return files;
  }

  /** The documents of an agent that are too large for its image. */
  largeFilesOf(agent: Agent): readonly LargeFile[] {
    return runsInRuntime(agent) ? this.filesOf(agent).large : [];
  }

  /** The image that an agent runs, by digest; undefined until it is built. */
  reference(agent: Agent, options: pulumi.CustomResourceOptions): pulumi.Output<string> {
    const { source } = agent;
    if (source.kind === "image") return pulumi.output(source.image);
    if (source.kind === "url") throw new Error(`${agent.id} runs elsewhere and has no image`);
    const { projectRoot } = this.#args;
    const files =
      source.kind === "build" ? folderContext(projectRoot, source.folder) : this.#agentContext(agent);
    const runtime = source.kind === "build" ? undefined : (this.#runtime ??= this.#runtimeImage());
    const child = { ...options, ...(this.#options.provider ? { provider: this.#options.provider } : {}) };
    return new CrewImage(agent.id, { ...this.#args, files, ...(runtime ? { runtime } : {}) }, child)
      .reference;
  }

  #agentContext(agent: Agent): ContextFile[] {
    return [textFile("Dockerfile", AGENT_DOCKERFILE), ...inImage(this.filesOf(agent))];
  }

  #runtimeImage(): CrewImage {
    const files = runtimeContext(this.#args.projectRoot);
    return new CrewImage(RUNTIME, { ...this.#args, files }, this.#options);
  }
}

interface CrewImageArgs extends CrewImagesArgs {
  readonly files: readonly ContextFile[];
  /** What it is built upon. */
  readonly runtime?: CrewImage;
}

/**
 * One image: its files copied to .masumi/build/<name>/, built there, tagged with their digest. Files that have not changed
 * are neither built nor pushed again, on whatever machine.
 */
class CrewImage extends pulumi.ComponentResource {
  /** By digest: what is to run. */
  readonly reference: pulumi.Output<string>;
  /** What another image can be built upon. */
  readonly base: pulumi.Output<string>;
  readonly hash: string;

  constructor(name: string, args: CrewImageArgs, options: pulumi.CustomResourceOptions) {
    const { provider, ...rest } = options;
    super("masumi:index:CrewImage", name, {}, rest);
    const { projectRoot, platform, store, files, runtime } = args;
    stageContext(join(projectRoot, ".masumi", "build", name), files);
    this.hash = contextHash(files, platform, runtime?.hash ?? "");

    // The engine runs the program and its providers in infra/. An absolute path would look changed on each machine.
    const context = `../.masumi/build/${name}`;
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
    // An image that is in no registry has no digest that a Dockerfile could name.
    this.base = store.registry ? image.repoDigest : image.imageName;
    this.registerOutputs({ reference: this.reference });
  }
}
