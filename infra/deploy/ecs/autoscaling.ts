import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Agent } from "../../declarations/index.ts";

/** Scales an agent's containers with their load, between `instances` and autoscaling.max. */
export function scale(
  { id, resources: { instances, autoscaling } }: Agent,
  names: { readonly cluster: pulumi.Output<string>; readonly service: pulumi.Output<string> },
  options: pulumi.CustomResourceOptions,
): void {
  if (!autoscaling) return;
  const target = new aws.appautoscaling.Target(
    id,
    {
      serviceNamespace: "ecs",
      scalableDimension: "ecs:service:DesiredCount",
      resourceId: pulumi.interpolate`service/${names.cluster}/${names.service}`,
      minCapacity: instances,
      maxCapacity: autoscaling.max,
    },
    options,
  );
  void new aws.appautoscaling.Policy(
    id,
    {
      policyType: "TargetTrackingScaling",
      serviceNamespace: target.serviceNamespace,
      scalableDimension: target.scalableDimension,
      resourceId: target.resourceId,
      targetTrackingScalingPolicyConfiguration: {
        predefinedMetricSpecification: { predefinedMetricType: "ECSServiceAverageCPUUtilization" },
        targetValue: autoscaling.cpuPercent,
        scaleInCooldown: 300,
        scaleOutCooldown: 60,
      },
    },
    options,
  );
}
