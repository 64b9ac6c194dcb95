import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { boundedName } from "../../hosting/names.ts";
import { SHARED_SERVICE } from "../../hosting/shared/names.ts";
import type { AwsPlace } from "../ecs/policies.ts";

/** What the keys of all agents' files begin with. */
export const PREFIX = "agents";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const BUCKET_NAME = 63;

/** The bucket in which the shared crew service finds its agents. */
export interface AgentsBucket {
  readonly name: string;
  readonly made: pulumi.Resource[];
}

/** Makes the stack's own bucket: whoever may write there says what runs, so it is no bucket of anything else. */
export function makeAgentsBucket(
  stack: string,
  { accountId, region }: AwsPlace,
  options: pulumi.CustomResourceOptions,
): AgentsBucket {
  // The world has each name once.
  const name = boundedName(BUCKET_NAME, `${stack}-agents`, accountId, region);
  const bucket = new aws.s3.Bucket(
    SHARED_SERVICE,
    {
      bucket: name,
      // Its agents' files are written by the program, and can be written again.
      forceDestroy: true,
    },
    options,
  );
  const closed = new aws.s3.BucketPublicAccessBlock(
    SHARED_SERVICE,
    {
      bucket: bucket.id,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    options,
  );
  return { name, made: [bucket, closed] };
}
