import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { type Agent, runsInRuntime } from "../../declarations/index.ts";
import type { AwsSettings } from "../../hosting/ecs/settings.ts";

/** Events of the crew's log after which somebody has to look at a payment. */
export const PAYMENT_EVENTS = ["payment_needs_operator", "payment_step_broke", "payment_watch_failed"];

/** How many answers of 5xx in five minutes are more than bad luck. */
const MANY_ERRORS = 5;

/** How long something must be so before it is reported: a rollout takes a moment, and is no failure. */
const MINUTES = 5;

/** Events of the shared crew service's log after which one of its agents is not served; its containers are up all the same. */
export const AGENT_EVENTS = ["agent_unusable"];

/** A service, of one agent or of many. */
export interface Watched {
  readonly id: string;
  /** As it is called in descriptions. */
  readonly title: string;
  readonly instances: number;
  /** Whether its log tells of payments. */
  readonly takesPayments: boolean;
  readonly hasManyAgents?: boolean;
  readonly aws: AwsSettings;
  /** Logical name of the stack's shared resources, with which all names begin. */
  readonly name: string;
  readonly logGroup: pulumi.Input<string>;
}

/** Where an agent's containers are counted: behind the stack's load balancer, or with Container Insights. */
export type CountedAt =
  | {
      readonly behind: {
        readonly loadBalancer: pulumi.Output<string>;
        readonly targetGroup: pulumi.Output<string>;
      };
    }
  | {
      readonly express: { readonly cluster: pulumi.Output<string>; readonly service: pulumi.Output<string> };
    };

type Alarm = Omit<aws.cloudwatch.MetricAlarmArgs, "evaluationPeriods" | "alarmActions" | "okActions"> & {
  readonly evaluationPeriods?: number;
};

/** The last part of a load balancer's or target group's ARN, by which CloudWatch knows it. */
const suffix = (arn: pulumi.Output<string>): pulumi.Output<string> =>
  arn.apply((arn) => arn.replace(/^.*:(loadbalancer\/)?/, ""));

const lastPart = (arn: pulumi.Output<string>): pulumi.Output<string> =>
  arn.apply((arn) => arn.replace(/^.*\//, ""));

/** Returns what is to be watched of an agent with a service of its own. */
export const watchedAgent = (
  agent: Agent,
): Pick<Watched, "id" | "title" | "instances" | "takesPayments"> => ({
  id: agent.id,
  title: agent.id,
  instances: agent.resources.instances,
  takesPayments: agent.pricing.type !== "free" && runsInRuntime(agent),
});

/** Creates a service's alarms, if masumi:aws says where they go. */
export function watch(watched: Watched, at: CountedAt, options: pulumi.CustomResourceOptions): void {
  const { id, title, takesPayments, hasManyAgents = false, aws: settings, name, logGroup } = watched;
  if (!settings.alarms) return;
  const { topicArn } = settings.alarms;
  const alarms = "behind" in at ? behindLoadBalancer(watched, at.behind) : onExpress(watched, at.express);
  for (const [what, alarm] of Object.entries(alarms))
    makeAlarm(`${name}-${id}-${what}`, alarm, topicArn, options);
  if (takesPayments) {
    const logs = hasManyAgents ? "logs" : `logs ${id}`;
    const description = `A payment of ${title} needs its operator: see npx masumi-agents ${logs}`;
    watchEvents(
      `${name}-${id}-payments`,
      { events: PAYMENT_EVENTS, description, logGroup, topicArn },
      options,
    );
  }
  if (hasManyAgents) {
    const description = `An agent of ${title} cannot be served: see npx masumi-agents status`;
    watchEvents(`${name}-${id}-agents`, { events: AGENT_EVENTS, description, logGroup, topicArn }, options);
  }
}

/** Creates the alarm for what the load balancer answers itself, for all agents: nobody was there, or nobody in time. */
export function watchLoadBalancer(
  name: string,
  {
    alarms,
    loadBalancer,
  }: { readonly alarms: AwsSettings["alarms"]; readonly loadBalancer: pulumi.Output<string> },
  options: pulumi.CustomResourceOptions,
): void {
  if (!alarms) return;
  const alarm: Alarm = {
    namespace: "AWS/ApplicationELB",
    dimensions: { LoadBalancer: suffix(loadBalancer) },
    period: 300,
    metricName: "HTTPCode_ELB_5XX_Count",
    statistic: "Sum",
    comparisonOperator: "GreaterThanOrEqualToThreshold",
    threshold: MANY_ERRORS,
    treatMissingData: "notBreaching",
    alarmDescription: `The load balancer answered ${MANY_ERRORS} or more requests with 5xx in five minutes`,
  };
  makeAlarm(`${name}-errors`, alarm, alarms.topicArn, options);
}

function makeAlarm(
  name: string,
  alarm: Alarm,
  topicArn: string,
  options: pulumi.CustomResourceOptions,
): void {
  const toTopic = { alarmActions: [topicArn], okActions: [topicArn] };
  void new aws.cloudwatch.MetricAlarm(name, { evaluationPeriods: 1, ...alarm, ...toTopic }, options);
}

function behindLoadBalancer(
  { title, instances }: Watched,
  { loadBalancer, targetGroup }: Extract<CountedAt, { behind: unknown }>["behind"],
): Record<string, Alarm> {
  const on = {
    namespace: "AWS/ApplicationELB",
    dimensions: { LoadBalancer: suffix(loadBalancer), TargetGroup: suffix(targetGroup) },
  };
  const everyMinute = { period: 60, evaluationPeriods: MINUTES };
  return {
    unhealthy: {
      ...on,
      ...everyMinute,
      metricName: "UnHealthyHostCount",
      statistic: "Maximum",
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      treatMissingData: "notBreaching",
      alarmDescription: `A container of ${title} fails its health check`,
    },
    tasks: {
      ...on,
      ...everyMinute,
      metricName: "HealthyHostCount",
      statistic: "Minimum",
      comparisonOperator: "LessThanThreshold",
      threshold: instances,
      treatMissingData: "breaching",
      alarmDescription: `Fewer containers of ${title} are up than its ${instances}`,
    },
    errors: {
      ...on,
      period: 300,
      metricName: "HTTPCode_Target_5XX_Count",
      statistic: "Sum",
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold: MANY_ERRORS,
      treatMissingData: "notBreaching",
      alarmDescription: `${title} answered ${MANY_ERRORS} or more requests with 5xx in five minutes`,
    },
  };
}

/** Express services' load balancers are AWS's, so only Container Insights counts their containers. */
function onExpress(
  { title, instances }: Watched,
  { cluster, service }: Extract<CountedAt, { express: unknown }>["express"],
): Record<string, Alarm> {
  return {
    tasks: {
      namespace: "ECS/ContainerInsights",
      dimensions: { ClusterName: cluster, ServiceName: lastPart(service) },
      period: 60,
      evaluationPeriods: MINUTES,
      metricName: "RunningTaskCount",
      statistic: "Minimum",
      comparisonOperator: "LessThanThreshold",
      threshold: instances,
      treatMissingData: "breaching",
      alarmDescription: `Fewer containers of ${title} are running than its ${instances}`,
    },
  };
}

interface EventWatch {
  readonly events: readonly string[];
  readonly description: string;
  readonly logGroup: pulumi.Input<string>;
  readonly topicArn: string;
}

/** Counts what a log says of what needs a person. */
function watchEvents(
  name: string,
  { events, description, logGroup, topicArn }: EventWatch,
  options: pulumi.CustomResourceOptions,
): void {
  const metric = { namespace: "Masumi", name };
  void new aws.cloudwatch.LogMetricFilter(
    name,
    {
      logGroupName: logGroup,
      pattern: `{ ${events.map((event) => `($.event = "${event}")`).join(" || ")} }`,
      metricTransformation: { ...metric, value: "1", defaultValue: "0", unit: "Count" },
    },
    options,
  );
  const alarm: Alarm = {
    namespace: metric.namespace,
    metricName: metric.name,
    period: 300,
    statistic: "Sum",
    comparisonOperator: "GreaterThanThreshold",
    threshold: 0,
    treatMissingData: "notBreaching",
    alarmDescription: description,
  };
  makeAlarm(name, alarm, topicArn, options);
}
