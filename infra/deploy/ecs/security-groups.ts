import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { NAMES, acceptedName } from "../../hosting/names.ts";

export const EVERYONE = "0.0.0.0/0";

export interface SecurityGroup {
  readonly id: pulumi.Output<string>;
  /** The rules. Resources that need the traffic must depend on them explicitly, because nothing else refers to them. */
  readonly rules: pulumi.Resource[];
}

/** Creates a group with outgoing traffic only. */
export function outgoingGroup(
  name: string,
  vpcId: string,
  description: string,
  options: pulumi.CustomResourceOptions,
): SecurityGroup {
  const group = new aws.ec2.SecurityGroup(
    acceptedName(NAMES.securityGroup, name),
    { vpcId, description },
    options,
  );
  const egress = new aws.vpc.SecurityGroupEgressRule(
    name,
    { securityGroupId: group.id, cidrIpv4: EVERYONE, ipProtocol: "-1" },
    options,
  );
  return { id: group.id, rules: [egress] };
}

export interface CrewGroupArgs {
  readonly vpcId: string;
  /** Who may reach the crews, and on which port; if absent, ECS takes care of it. */
  readonly reachedBy?: { readonly securityGroupId: pulumi.Output<string>; readonly port: number };
}

/** Creates the crews' group: reachable only by a load balancer, and allowed to reach anything (model, payment service). */
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
