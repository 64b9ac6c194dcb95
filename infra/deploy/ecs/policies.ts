/** IAM policies as plain values: who may assume a role, and what it may do. */

export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

interface Statement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource?: readonly string[];
  readonly Principal?: { readonly Service: string };
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const policy = (...Statement: readonly Statement[]): PolicyDocument => ({ Version: "2012-10-17", Statement });

/**
 * Lets an AWS service assume the role, but only on behalf of this account (otherwise any account could have it do so).
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
 */
export const assumedBy = (service: "ecs-tasks" | "ecs", accountId: string): PolicyDocument =>
  policy({
    Effect: "Allow",
    Action: ["sts:AssumeRole"],
    Principal: { Service: `${service}.amazonaws.com` },
    Condition: { StringEquals: { "aws:SourceAccount": accountId } },
  });

/** Where the account's resources are, and what they all have. */
export interface AwsPlace {
  /** aws, aws-cn, aws-us-gov */
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
  readonly rolePath: string;
  readonly permissionsBoundary?: string | undefined;
  /** The key of the stack's secrets, if it is not AWS's own. */
  readonly kmsKeyArn?: string | undefined;
}

/** Lets ECS read the containers' secrets. */
export const readSecrets = (secretArns: readonly string[], place: AwsPlace): PolicyDocument =>
  policy(
    { Effect: "Allow", Action: ["secretsmanager:GetSecretValue"], Resource: secretArns },
    ...(place.kmsKeyArn
      ? [
          {
            Effect: "Allow" as const,
            Action: ["kms:Decrypt"],
            Resource: [place.kmsKeyArn],
            Condition: { StringEquals: { "kms:ViaService": `secretsmanager.${place.region}.amazonaws.com` } },
          },
        ]
      : []),
  );

export interface AgentRights {
  readonly place: AwsPlace;
  readonly clusterArn: string;
  /** Begins with a slash. */
  readonly identityParameter: string;
  /** Objects of S3, as <bucket>/<key>. */
  readonly documents: readonly string[];
  /** The tags of the agent's own tasks. */
  readonly tags: Readonly<Record<string, string>>;
  /** Whether AWS certainly copies a service's tags to its tasks. */
  readonly tasksAreTagged: boolean;
}

/**
 * Lets a crew read its own identifier and documents, and protect its own tasks from being stopped while a job runs; nothing
 * else. Tasks are told apart by their tags, which no crew can change: their ARNs have only random ids.
 */
export function agentPolicy({
  place,
  clusterArn,
  identityParameter,
  documents,
  tags,
  tasksAreTagged,
}: AgentRights): PolicyDocument {
  const { partition, region, accountId } = place;
  return policy(
    {
      Effect: "Allow",
      Action: ["ssm:GetParameter"],
      Resource: [`arn:${partition}:ssm:${region}:${accountId}:parameter${identityParameter}`],
    },
    {
      Effect: "Allow",
      Action: ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"],
      Resource: [`${clusterArn.replace(":cluster/", ":task/")}/*`],
      Condition: {
        [tasksAreTagged ? "StringEquals" : "StringEqualsIfExists"]: Object.fromEntries(
          Object.entries(tags).map(([key, value]) => [`aws:ResourceTag/${key}`, value]),
        ),
      },
    },
    ...(documents.length > 0
      ? [
          {
            Effect: "Allow" as const,
            Action: ["s3:GetObject"],
            Resource: documents.map((object) => `arn:${partition}:s3:::${object}`),
          },
        ]
      : []),
  );
}
