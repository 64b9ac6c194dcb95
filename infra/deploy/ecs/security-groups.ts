import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

export const EVERYONE = "0.0.0.0/0";

export interface SecurityGroup {
  readonly id: pulumi.Output<string>;
  /** What lets traffic through. Whoever depends on the traffic depends on these: nothing else names them. */
  readonly rules: pulumi.Resource[];
}

/** A group that may reach anything, and is reached by nothing. */
export function outgoingGroup(
  name: string,
  vpcId: string,
  description: string,
  options: pulumi.CustomResourceOptions,
): SecurityGroup {
  const group = new aws.ec2.SecurityGroup(name, { vpcId, description }, options);
  const egress = new aws.vpc.SecurityGroupEgressRule(
    name,
    { securityGroupId: group.id, cidrIpv4: EVERYONE, ipProtocol: "-1" },
    options,
  );
  return { id: group.id, rules: [egress] };
}

export interface CrewGroupArgs {
  readonly vpcId: string;
  /** Who reaches the crews, and at which port; without it ECS sees to it by itself. */
  readonly reachedBy?: { readonly securityGroupId: pulumi.Output<string>; readonly port: number };
}

/** What crews are reached by (a load balancer alone), and what they may reach: model and payment service, so anything. */
export function crewSecurityGroup(
  name: string,
  { vpcId, reachedBy }: CrewGroupArgs,
  options: pulumi.CustomResourceOptions,
): SecurityGroup {
  const group = outgoingGroup(name, vpcId, "Crews of Masumi agents", options);
  if (!reachedBy) return group;
  const ingress = new aws.vpc.SecurityGroupIngressRule(
    name,
    {
      securityGroupId: group.id,
      referencedSecurityGroupId: reachedBy.securityGroupId,
      ipProtocol: "tcp",
      fromPort: reachedBy.port,
      toPort: reachedBy.port,
    },
    options,
  );
  return { id: group.id, rules: [...group.rules, ingress] };
}
