import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ImageStore } from "../../crews/crew-image.ts";

/** Images without a tag are not used any more. */
const UNTAGGED_DAYS = 14;

export interface Repository extends ImageStore {
  readonly name: pulumi.Output<string>;
}

/** Creates the stack's image repository: one for all agents, so it contains their shared layers once. */
export function makeRepository(name: string, options: pulumi.CustomResourceOptions): Repository {
  const repository = new aws.ecr.Repository(
    name,
    { forceDelete: true, imageTagMutability: "MUTABLE", imageScanningConfiguration: { scanOnPush: true } },
    options,
  );
  void new aws.ecr.LifecyclePolicy(
    name,
    {
      repository: repository.name,
      policy: JSON.stringify({
        rules: [
          {
            rulePriority: 1,
            description: "Images that no tag points at",
            selection: {
              tagStatus: "untagged",
              countType: "sinceImagePushed",
              countUnit: "days",
              countNumber: UNTAGGED_DAYS,
            },
            action: { type: "expire" },
          },
        ],
      }),
    },
    options,
  );
  // Requested in every run, because it expires after twelve hours; the image's provider ignores that it changed.
  const token = aws.ecr.getAuthorizationTokenOutput(
    { registryId: repository.registryId },
    options.parent ? { parent: options.parent } : {},
  );
  return {
    name: repository.name,
    repository: repository.repositoryUrl,
    registry: { username: token.userName, password: pulumi.secret(token.password) },
  };
}
