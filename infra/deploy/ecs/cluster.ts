import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { AwsSettings } from "../../hosting/ecs/settings.ts";

export interface Cluster {
  readonly arn: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  /** What services must wait for. */
  readonly ready: pulumi.Resource[];
}

/** Returns the cluster in masumi:aws, or a new one for the stack. A cluster is free; Container Insights is not. */
export function useCluster(
  name: string,
  { clusterArn, spot, containerInsights }: AwsSettings,
  options: pulumi.CustomResourceOptions,
): Cluster {
  if (clusterArn) {
    const arn = pulumi.output(clusterArn);
    return { arn, name: arn.apply((arn) => arn.replace(/^.*\//, "")), ready: [] };
  }
  const cluster = new aws.ecs.Cluster(
    name,
    { settings: [{ name: "containerInsights", value: containerInsights }] },
    options,
  );
  const providers = new aws.ecs.ClusterCapacityProviders(
    name,
    { clusterName: cluster.name, capacityProviders: spot ? ["FARGATE", "FARGATE_SPOT"] : ["FARGATE"] },
    options,
  );
  return { arn: cluster.arn, name: cluster.name, ready: [providers] };
}
