import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { CONTAINER_PORT } from "../../crews/environment.ts";
import { boundedName } from "../../hosting/names.ts";
import type { LoadBalancer } from "./load-balancer.ts";
import type { Network } from "./network.ts";
import type { RulePriorities } from "./priorities.ts";

/** Maximum length of a target group's name. */
const TARGET_GROUP_NAME = 32;

/** A crew answers well within this time; jobs continue after it. */
const DRAIN_SECONDS = 60;

export interface RouteInput {
  readonly zoneId: string;
  readonly network: Network;
  readonly loadBalancer: LoadBalancer;
  readonly priorities: RulePriorities;
}

/** The route from an agent's host name to its containers. */
export interface Route {
  readonly targetGroup: aws.lb.TargetGroup;
  readonly rule: aws.lb.ListenerRule;
  readonly record: aws.route53.Record;
}

/** What is reached: an agent's containers, or the shared crew service's. */
export interface Target {
  /** An agent's id, or the service's name. */
  readonly id: string;
  readonly host: string;
  /** What the load balancer asks to tell whether a container is healthy. */
  readonly healthPath: string;
}

export function makeRoute(
  { id, host, healthPath }: Target,
  { zoneId, network, loadBalancer, priorities }: RouteInput,
  options: pulumi.CustomResourceOptions,
): Route {
  const priority = priorities.byId.get(id);
  if (priority === undefined) throw new Error(`${id} is not among the agents of this hosting`);
  const targetGroup = new aws.lb.TargetGroup(
    id,
    {
      name: boundedName(TARGET_GROUP_NAME, id, pulumi.getProject(), pulumi.getStack(), network.vpcId),
      vpcId: network.vpcId,
      targetType: "ip",
      protocol: "HTTP",
      port: CONTAINER_PORT,
      deregistrationDelay: DRAIN_SECONDS,
      healthCheck: { path: healthPath, matcher: "200", interval: 15, timeout: 5, healthyThreshold: 2 },
    },
    options,
  );
  const rule = new aws.lb.ListenerRule(
    id,
    {
      listenerArn: loadBalancer.listenerArn,
      priority,
      conditions: [{ hostHeader: { values: [host] } }],
      actions: [{ type: "forward", targetGroupArn: targetGroup.arn }],
    },
    // Once a rule has a number, the state keeps it, whatever it would be derived from today.
    priorities.isGiven(id) ? options : { ...options, ignoreChanges: ["priority"] },
  );
  const record = new aws.route53.Record(
    id,
    {
      zoneId,
      name: host,
      type: "A",
      aliases: [{ name: loadBalancer.dnsName, zoneId: loadBalancer.zoneId, evaluateTargetHealth: false }],
    },
    options,
  );
  return { targetGroup, rule, record };
}
