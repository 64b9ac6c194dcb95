import type { ECR, ImageIdentifier } from "@aws-sdk/client-ecr";
import * as pulumi from "@pulumi/pulumi";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { type AwsAccess, awsErrorName, ecrClient, refused } from "./clients.ts";

export interface EcrImagesArgs {
  readonly access: AwsAccess;
  readonly agentId: string;
  /** The repository's name. */
  readonly repository: pulumi.Input<string>;
}

interface Inputs {
  readonly access: AwsAccess;
  readonly agentId: string;
  readonly repository: string;
}

/** The limit of BatchDeleteImage. */
const BATCH = 100;
const GONE = "RepositoryNotFoundException";

/** Returns the images whose tag is the agent's id and a digest; another agent's id may begin with this agent's id. */
async function imagesOf(ecr: ECR, { agentId, repository }: Inputs): Promise<ImageIdentifier[]> {
  const found: ImageIdentifier[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ecr.listImages({
      repositoryName: repository,
      filter: { tagStatus: "TAGGED" },
      ...(nextToken ? { nextToken } : {}),
    });
    found.push(...(page.imageIds ?? []));
    nextToken = page.nextToken;
  } while (nextToken);
  return found.filter(
    ({ imageTag = "" }) =>
      imageTag.startsWith(`${agentId}-`) && /^[0-9a-f]+$/.test(imageTag.slice(agentId.length + 1)),
  );
}

/** The dynamic provider behind EcrImages. */
export const provider = {
  async diff(_id: string, olds: Inputs, news: Inputs) {
    return { changes: olds.repository !== news.repository, replaces: [] };
  },

  async create(inputs: Inputs) {
    return { id: inputs.agentId, outs: inputs };
  },

  async update(_id: string, _olds: Inputs, news: Inputs) {
    return { outs: news };
  },

  async delete(_id: string, inputs: Inputs) {
    const ecr = await ecrClient(inputs.access);
    try {
      const images = await imagesOf(ecr, inputs);
      for (let start = 0; start < images.length; start += BATCH) {
        const imageIds = images.slice(start, start + BATCH).map(({ imageTag }) => ({ imageTag }));
        await ecr.batchDeleteImage({ repositoryName: inputs.repository, imageIds });
      }
    } catch (error) {
      if (awsErrorName(error) !== GONE) throw refused(error, `to remove ${inputs.agentId}'s images`);
    } finally {
      ecr.destroy();
    }
  },
};

/**
 * An agent's images in the stack's repository. It creates nothing; it removes the images with the agent, which otherwise would
 * be left behind. Older images are kept as long as the agent exists, because a rollback runs them.
 */
export class EcrImages extends pulumi.CustomResource {
  constructor(name: string, args: EcrImagesArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "pulumi-nodejs:dynamic/crew:EcrImages",
      name,
      {
        ...args,
        __provider: PROVIDER_TEXTS.EcrImages,
      },
      options,
    );
  }
}
