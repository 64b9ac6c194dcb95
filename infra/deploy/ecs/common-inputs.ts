import * as pulumi from "@pulumi/pulumi";
import type { AwsSettings } from "../../hosting/ecs/settings.ts";
import { ownTags } from "../../hosting/ecs/tags.ts";

/** What every resource on AWS has that can have it, whatever makes it. */
export interface CommonInputs {
  readonly tags: Readonly<Record<string, string>>;
  readonly kmsKeyArn?: string | undefined;
}

/** The types that the program makes and that AWS can tag. */
const TAGGED: ReadonlySet<string> = new Set([
  "aws:acm/certificate:Certificate",
  "aws:appautoscaling/target:Target",
  "aws:cloudwatch/logGroup:LogGroup",
  "aws:cloudwatch/metricAlarm:MetricAlarm",
  "aws:ec2/securityGroup:SecurityGroup",
  "aws:ecr/repository:Repository",
  "aws:ecs/cluster:Cluster",
  "aws:ecs/expressGatewayService:ExpressGatewayService",
  "aws:ecs/service:Service",
  "aws:ecs/taskDefinition:TaskDefinition",
  "aws:iam/role:Role",
  "aws:lb/listener:Listener",
  "aws:lb/listenerRule:ListenerRule",
  "aws:lb/loadBalancer:LoadBalancer",
  "aws:lb/targetGroup:TargetGroup",
  "aws:secretsmanager/secret:Secret",
  "aws:ssm/parameter:Parameter",
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
]);

/** Where a type takes the key that its content is encrypted with. */
const ENCRYPTED: Readonly<Record<string, (kmsKeyArn: string) => Readonly<Record<string, unknown>>>> = {
  "aws:cloudwatch/logGroup:LogGroup": (kmsKeyId) => ({ kmsKeyId }),
  "aws:secretsmanager/secret:Secret": (kmsKeyId) => ({ kmsKeyId }),
  "aws:ecr/repository:Repository": (kmsKey) => ({
    encryptionConfigurations: [{ encryptionType: "KMS", kmsKey }],
  }),
};

/** Returns what the stack's resources have; those of one agent also have its id. */
export const commonInputs = ({ tags, kmsKeyArn }: AwsSettings, agentId?: string): CommonInputs => ({
  tags: { ...tags, ...ownTags(pulumi.getProject(), pulumi.getStack(), agentId) },
  kmsKeyArn,
});

/**
 * Returns options that add these inputs to a resource and to everything below it. What makes a resource need not know of
 * them, so one that is added later cannot be forgotten.
 */
export const withCommonInputs = <Options extends pulumi.ResourceOptions>(
  { tags, kmsKeyArn }: CommonInputs,
  options: Options,
): Options => ({
  ...options,
  transformations: [
    ...(options.transformations ?? []),
    ({ type, props, opts }: pulumi.ResourceTransformationArgs) => ({
      props: {
        ...(props as Record<string, unknown>),
        ...(TAGGED.has(type) ? { tags } : {}),
        ...(kmsKeyArn ? ENCRYPTED[type]?.(kmsKeyArn) : {}),
      },
      opts,
    }),
  ],
});
