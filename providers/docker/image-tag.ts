import * as pulumi from "@pulumi/pulumi";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { askEngine } from "./engine.ts";
import { DockerError } from "./errors.ts";

export interface DockerImageTagArgs {
  /** The engine, as in DOCKER_HOST; "" is DOCKER_HOST, otherwise this machine's engine. A change replaces. */
  readonly host: string;
  /** A change replaces. */
  readonly tag: pulumi.Input<string>;
  /** The image that the tag refers to, by digest. */
  readonly image: pulumi.Input<string>;
}

interface Inputs {
  readonly host: string;
  readonly tag: string;
  readonly image: string;
}

const GONE = 404;
/** Another container uses the image, so it is not only ours. */
const IN_USE = 409;

/** The dynamic provider behind DockerImageTag. */
export const provider = {
  async diff(_id: string, olds: Inputs, news: Inputs) {
    const replaces = (["host", "tag"] as const).filter((key) => olds[key] !== news[key]);
    return { changes: replaces.length > 0 || olds.image !== news.image, replaces };
  },

  async create(inputs: Inputs) {
    return { id: inputs.tag, outs: inputs };
  },

  async update(_id: string, _olds: Inputs, news: Inputs) {
    return { outs: news };
  },

  async delete(_id: string, { host, tag }: Inputs) {
    const { status, body } = await askEngine(host, { method: "DELETE", path: `/images/${tag}` });
    if (status < 300 || status === GONE || status === IN_USE) return;
    throw new DockerError(
      "DOCKER_ENGINE_FAILED",
      `The Docker engine did not remove the image ${tag}: ${status} ${body.toString().trim()}.`,
      "Fix the problem it reports, then run again.",
    );
  },
};

/**
 * The tag of a built image in a Docker engine. It is removed when the stack no longer needs it, whereas the Docker provider
 * never removes what it built. Containers take the image from this resource, so they are gone by then.
 */
export class DockerImageTag extends pulumi.CustomResource {
  declare readonly image: pulumi.Output<string>;

  constructor(name: string, args: DockerImageTagArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "pulumi-nodejs:dynamic/crew:DockerImageTag",
      name,
      {
        ...args,
        __provider: PROVIDER_TEXTS.DockerImageTag,
      },
      options,
    );
  }
}
