/** What stands in the way of the settings that make a stack on AWS safer, each with its remedy. */
import type { AwsSettings } from "./settings.ts";

/** The settings of a load balancer that the program makes; one that is given has its own. */
function ownLoadBalancerSettings({
  accessLogs,
  deletionProtection,
  webAclArn,
}: AwsSettings): readonly string[] {
  return [
    ...(accessLogs ? ["accessLogs"] : []),
    ...(deletionProtection ? ["deletionProtection"] : []),
    ...(webAclArn ? ["webAclArn"] : []),
  ];
}

/** https: with it, images, secrets and logs are reached, and the model and the payment service. */
const HTTPS = 443;

/** Returns what is wrong with the rules of what crews may reach. */
export function egressProblems({ egress, containerInsights, clusterArn }: AwsSettings): string[] {
  const problems: string[] = [];
  if (egress && !egress.some(({ ports }) => !ports || ports.includes(HTTPS))) {
    problems.push(
      `masumi:aws.egress allows port ${HTTPS} nowhere: without it no crew gets its image, its secrets or its model. ` +
        "Add { cidr: 0.0.0.0/0, ports: [443] }",
    );
  }
  if (clusterArn && containerInsights !== "disabled") {
    problems.push(
      "masumi:aws.containerInsights has no effect with clusterArn: set it on that cluster, and remove it here",
    );
  }
  return problems;
}

export function albHardeningProblems(settings: AwsSettings): string[] {
  const problems: string[] = [];
  if (settings.loadBalancer) {
    for (const name of ownLoadBalancerSettings(settings)) {
      problems.push(
        `masumi:aws.${name} has no effect with loadBalancer: set it on that load balancer, and remove it here`,
      );
    }
  }
  if (settings.privateSubnetIds && !settings.vpcId) {
    problems.push(
      "masumi:aws.privateSubnetIds also needs vpcId and subnetIds: the load balancer stays in the public subnets of that VPC",
    );
  }
  const shared = settings.privateSubnetIds?.filter((id) => settings.subnetIds?.includes(id)) ?? [];
  if (shared.length > 0) {
    problems.push(
      `masumi:aws.privateSubnetIds has ${shared.join(" and ")} in common with subnetIds: a subnet is either public or private`,
    );
  }
  return problems;
}

export function expressHardeningProblems(settings: AwsSettings): string[] {
  const problems = ownLoadBalancerSettings(settings).map(
    (name) =>
      `masumi:aws.${name} is not available with ecs-express, whose load balancer AWS makes: remove it, or use ecs-alb`,
  );
  if (settings.privateSubnetIds) {
    problems.push(
      "masumi:aws.privateSubnetIds is not available with ecs-express, which would then be reached from the VPC alone: " +
        "remove it, or use ecs-alb",
    );
  }
  if (settings.egress && !settings.vpcId) {
    problems.push(
      "masumi:aws.egress needs vpcId and subnetIds with ecs-express: in the default network ECS makes the security groups",
    );
  }
  if (settings.alarms && settings.containerInsights === "disabled" && !settings.clusterArn) {
    problems.push(
      "masumi:aws.alarms needs containerInsights: enabled with ecs-express: only there are its containers counted",
    );
  }
  return problems;
}

/** What an operator may want to know is off, as the settings' names. */
export function openSettings(settings: AwsSettings, { isExpress = false } = {}): string[] {
  const off: readonly (readonly [name: string, isOff: boolean])[] = [
    ["alarms", !settings.alarms],
    ["permissionsBoundary", !settings.permissionsBoundary],
    ["egress", !settings.egress],
    ["privateSubnetIds", !settings.privateSubnetIds && !isExpress],
    ["accessLogs", !settings.accessLogs && !settings.loadBalancer && !isExpress],
    ["deletionProtection", !settings.deletionProtection && !settings.loadBalancer && !isExpress],
    ["webAclArn", !settings.webAclArn && !settings.loadBalancer && !isExpress],
    ["containerInsights", settings.containerInsights === "disabled" && !settings.clusterArn],
  ];
  return off.filter(([, isOff]) => isOff).map(([name]) => name);
}
