import { Document, Scalar, visit } from "yaml";
import { type Policy, policiesOf } from "../../infra/hosting/ecs/rights/policies.ts";
import type { Foundation } from "./foundation.ts";

/** The most that CloudFormation takes in a request; a larger template would need a bucket. */
export const TEMPLATE_SIZE = 51_200;

/** A deploying run ends after three hours at the latest: docs/operations.md, The workflows. */
const DEPLOYING_SECONDS = 10_800;

/** What stays when the stack is deleted: without it, nobody could read the state any more, or other roles could not be assumed. */
const KEPT = { DeletionPolicy: "RetainExceptOnCreate", UpdateReplacePolicy: "Retain" };

/**
 * Returns the CloudFormation template of what a stack needs, as YAML. It is the same for every account: what only CloudFormation knows is
 * in it as a variable.
 */
export function templateOf(foundation: Foundation): string {
  const { project, stack, repository, hasProvider } = foundation;
  const document = new Document(
    {
      AWSTemplateFormatVersion: "2010-09-09",
      Description: `What stack ${stack} of ${project} needs before its first run, deployed by ${repository}`,
      Resources: {
        ...state(foundation),
        ...(hasProvider ? {} : { GitHub: { Type: "AWS::IAM::OIDCProvider", ...KEPT, Properties: PROVIDER } }),
        ...roles(foundation),
      },
      Outputs: outputs(),
    },
    // CloudFormation refuses aliases.
    { aliasDuplicateObjects: false },
  );
  document.commentBefore =
    ` Written by: npx masumi-agents bootstrap aws --stack ${stack}. The policies are explained in docs/aws.md of masumi-agents.\n` +
    " Nothing is in it that AWS would charge for but the key, what is stored, and requests.";
  visit(document, { Scalar: (_key, node) => written(node) });
  return document.toString({ lineWidth: 0 });
}

/** Has CloudFormation put its own values into a text, and no reader take a version for a date. */
function written(node: Scalar): void {
  if (typeof node.value !== "string") return;
  if (node.value.includes("${")) node.tag = "!Sub";
  if (/^\d{4}-\d\d-\d\d$/.test(node.value)) node.type = Scalar.QUOTE_DOUBLE;
}

const PROVIDER = {
  Url: "https://token.actions.githubusercontent.com",
  ClientIdList: ["sts.amazonaws.com"],
};

const policy = (...Statement: object[]) => ({ Version: "2012-10-17", Statement });

/** The bucket of the state, and the key that encrypts it and the secrets in it. */
const state = ({ project, stack, bucket }: Foundation) => ({
  StateKey: {
    Type: "AWS::KMS::Key",
    ...KEPT,
    Properties: {
      Description: `State of ${project} ${stack}, and the secrets in it`,
      EnableKeyRotation: true,
      // The account's IAM policies say who may use it.
      KeyPolicy: policy({
        Effect: "Allow",
        Action: "kms:*",
        Principal: { AWS: "arn:${AWS::Partition}:iam::${AWS::AccountId}:root" },
        Resource: "*",
      }),
    },
  },
  StateKeyAlias: {
    Type: "AWS::KMS::Alias",
    ...KEPT,
    Properties: { AliasName: aliasOf({ project, stack }), TargetKeyId: "${StateKey}" },
  },
  StateBucket: {
    Type: "AWS::S3::Bucket",
    ...KEPT,
    Properties: {
      BucketName: bucket ?? bucketOf({ project, stack }, "${AWS::AccountId}"),
      VersioningConfiguration: { Status: "Enabled" },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: "${StateKey.Arn}" },
          },
        ],
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    },
  },
  StateBucketPolicy: {
    Type: "AWS::S3::BucketPolicy",
    ...KEPT,
    Properties: {
      Bucket: "${StateBucket}",
      PolicyDocument: policy({
        Sid: "OnlyTls",
        Effect: "Deny",
        Action: "s3:*",
        Principal: "*",
        Resource: ["${StateBucket.Arn}", "${StateBucket.Arn}/*"],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      }),
    },
  },
});

/** The name of the state's bucket, unless another is wanted. */
export const bucketOf = (
  { project, stack }: Pick<Foundation, "project" | "stack">,
  account: string,
): string => `${project}-${stack}-state-${account}`;

/** The name by which Pulumi is told the key. */
export const aliasOf = ({ project, stack }: Pick<Foundation, "project" | "stack">): string =>
  `alias/${project}-${stack}-state`;

/** The policies of the deploying role: what this template calls them, and their file in docs/aws. */
const DEPLOYING = {
  DeployingContainers: "containers",
  DeployingNetwork: "network",
  DeployingNames: "names",
  DeployingAccess: "access",
} as const;

/** Both roles with their policies, and the boundary of the roles that the stack itself makes. */
function roles({ project, stack, target, hasProvider }: Foundation) {
  const policies = policiesOf(target);
  const named = (name: string) => `${project}-${stack}-${name}`;
  const managed = (name: string, document: Policy | undefined) => ({
    Type: "AWS::IAM::ManagedPolicy",
    Properties: { ManagedPolicyName: named(name), PolicyDocument: document },
  });
  const role = (name: string, trust: Policy | undefined, attached: readonly string[], more: object = {}) => ({
    Type: "AWS::IAM::Role",
    ...(hasProvider ? {} : { DependsOn: "GitHub" }),
    Properties: {
      RoleName: named(name),
      AssumeRolePolicyDocument: trust,
      ManagedPolicyArns: attached.map((id) => `\${${id}}`),
      ...more,
    },
  });
  return {
    Boundary: managed("boundary", policies["boundary"]),
    ...Object.fromEntries(
      Object.entries(DEPLOYING).map(([id, part]) => [
        id,
        managed(`deploy-${part}`, policies[`deploying-role-${part}`]),
      ]),
    ),
    Planning: managed("plan", policies["read-only-role"]),
    DeployRole: role("deploy", policies["deploying-trust"], Object.keys(DEPLOYING), {
      MaxSessionDuration: DEPLOYING_SECONDS,
    }),
    PlanRole: role("plan", policies["plan-trust"], ["Planning"]),
  };
}

/** What the settings of the workflows and of the stack name. */
const outputs = () => ({
  StateBucket: { Value: "${StateBucket}" },
  DeployRole: { Value: "${DeployRole.Arn}" },
  PlanRole: { Value: "${PlanRole.Arn}" },
  Boundary: { Value: "${Boundary}" },
});
