import { basename, dirname, relative } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { CrewImages } from "../infra/crews/crew-image.ts";
import { type Network, loadValidAgents } from "../infra/declarations/index.ts";

/** Which crew, and where its image is stored. What changes is built anew, under the same resource. */
export interface CrewImageArgs {
  /** The agent's declaration, relative to the project's folder. @example "agents/translator.yaml" */
  readonly file: string;
  /** The image's name, without a tag. @example "ghcr.io/example/agents" */
  readonly repository: pulumi.Input<string>;
  /** The registry's credentials. @default none: the image stays in the Docker engine that builds it */
  readonly registry?: {
    /** @example "example" */
    readonly username: pulumi.Input<string>;
    /** Kept as a secret. @example config.requireSecret("registryToken") */
    readonly password: pulumi.Input<string>;
  };
  /** Operating system and processor of the machine that runs it. @default "linux/amd64" */
  readonly platform?: string;
  /** The project's folder, absolute. @default where Pulumi.yaml is */
  readonly projectRoot?: string;
  /** Network whose `overrides:` and prices the declaration has. @default masumi:network of the stack @example "Preprod" */
  readonly network?: Network;
}

/**
 * The image of a declared agent: the crew runtime with the agent's crew, code, documents and packages. Built with Docker, and only when
 * something in it has changed; its digest is then another one, and whatever runs `reference` is rolled. Removing it leaves the pushed
 * image in the registry. It serves MIP-003 on port 8000, and keeps what it has to keep in /data. crew/README.md lists the variables that
 * it reads.
 *
 * Errors (docs/errors.md): DECLARATIONS_INVALID, BUILD_CONTEXT_INVALID, DOCUMENT_UNUSABLE; a file that declares no agent of the stack;
 * and what Docker says.
 *
 * @example
 *   const { reference } = new CrewImage("translator", {
 *     file: "agents/translator.yaml",
 *     repository: "ghcr.io/example/agents",
 *     registry: { username: "example", password: config.requireSecret("registryToken") },
 *   });
 */
export class CrewImage extends pulumi.ComponentResource {
  /** What to run: the image by digest. Unknown in a preview that builds it. @example "ghcr.io/example/agents@sha256:…" */
  readonly reference: pulumi.Output<string>;

  constructor(name: string, args: CrewImageArgs, options?: pulumi.ComponentResourceOptions) {
    super("masumi:index:BuiltCrew", name, {}, options);
    const { file, repository, registry, platform = "linux/amd64" } = args;
    const network = args.network ?? new pulumi.Config("masumi").require("network");
    const { projectRoot = pulumi.runtime.getRootDirectory() } = args;
    const stack = pulumi.getStack();
    const declared = loadValidAgents({
      projectRoot,
      folder: dirname(file),
      stack,
      network,
      hosting: "docker",
    });
    const agent = declared.find((one) => one.file === file);
    if (agent === undefined) {
      const there = declared.map((one) => one.file).join(", ");
      throw new pulumi.RunError(
        `${basename(file)} declares no agent of stack ${stack}: there are ${there || "none"}.`,
      );
    }
    const store = { repository, ...(registry === undefined ? {} : { registry }) };
    // The engine builds where the program is.
    const from = relative(process.cwd(), projectRoot) || ".";
    const images = new CrewImages({ projectRoot, from, network, platform, store }, { parent: this });
    this.reference = images.reference(agent, { parent: this });
    this.registerOutputs({ reference: this.reference });
  }
}
