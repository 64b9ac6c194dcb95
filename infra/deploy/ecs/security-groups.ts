import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsSettings } from "../../hosting/ecs/settings.ts";
import { NAMES, acceptedName } from "../../hosting/names.ts";

export const EVERYONE = "0.0.0.0/0";

type Egress = NonNullable<AwsSettings["egress"]>;

export interface SecurityGroup {
  readonly id: pulumi.Output<string>;
  /** The rules. Resources that need the traffic must depend on them explicitly, because nothing else refers to them. */
  readonly rules: pulumi.Resource[];
}

export interface OutgoingGroupArgs {
  readonly vpcId: string;
  readonly description: string;
  /** What it may reach; if absent, everything. */
  readonly egress?: Egress | undefined;
}

/** Creates a group with outgoing traffic only. */
export function outgoingGroup(
  name: string,
  { vpcId, description, egress }: OutgoingGroupArgs,
  options: pulumi.CustomResourceOptions,
): SecurityGroup {
  const group = new aws.ec2.SecurityGroup(
    acceptedName(NAMES.securityGroup, name),
    { vpcId, description },
    options,
  );
  const rules = egressRules(name, egress).map(
    ([logical, rule]) =>
      new aws.vpc.SecurityGroupEgressRule(logical, { securityGroupId: group.id, ...rule }, options),
  );
  return { id: group.id, rules };
}

type Rule = Pick<
  aws.vpc.SecurityGroupEgressRuleArgs,
  "cidrIpv4" | "cidrIpv6" | "ipProtocol" | "fromPort" | "toPort"
>;

/** Returns the rules by logical name, which says what a rule allows: a rule that is added moves no other. */
function egressRules(name: string, egress: Egress | undefined): readonly (readonly [string, Rule])[] {
  if (!egress) return [[name, { cidrIpv4: EVERYONE, ipProtocol: "-1" }]];
  const all = egress.flatMap(({ cidr, ports }): [string, Rule][] => {
    const range = cidr.includes(":") ? { cidrIpv6: cidr } : { cidrIpv4: cidr };
    const logical = `${name}-to-${cidr.replace("/", "-")}`;
    if (!ports) return [[logical, { ...range, ipProtocol: "-1" }]];
    return ports.map((port) => [
      `${logical}-${port}`,
      { ...range, ipProtocol: "tcp", fromPort: port, toPort: port },
    ]);
  });
  return [...new Map(all)];
}

export interface CrewGroupArgs {
  readonly vpcId: string;
  readonly egress?: Egress | undefined;
  /** Who may reach the crews, and on which port; if absent, ECS takes care of it. */
  readonly reachedBy?: { readonly securityGroupId: pulumi.Output<string>; readonly port: number };
}

/** Creates the crews' group: reachable only by a load balancer, and allowed to reach what masumi:aws.egress says. */
export function crewSecurityGroup(
  name: string,
  { vpcId, egress, reachedBy }: CrewGroupArgs,
  options: pulumi.CustomResourceOptions,
): SecurityGroup {
  const group = outgoingGroup(name, { vpcId, description: "Crews of Masumi agents", egress }, options);
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
