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

export interface Watched {
  readonly agent: Agent;
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

/** Creates an agent's alarms, if masumi:aws says where they go. */
export function watch(watched: Watched, at: CountedAt, options: pulumi.CustomResourceOptions): void {
  const { agent, aws: settings, name, logGroup } = watched;
  if (!settings.alarms) return;
  const { topicArn } = settings.alarms;
  const alarms = "behind" in at ? behindLoadBalancer(agent, at.behind) : onExpress(agent, at.express);
  for (const [what, alarm] of Object.entries(alarms))
    makeAlarm(`${name}-${agent.id}-${what}`, alarm, topicArn, options);
  if (agent.pricing.type !== "free" && runsInRuntime(agent)) {
    watchPayments(`${name}-${agent.id}-payments`, { id: agent.id, logGroup, topicArn }, options);
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
  { id, resources: { instances } }: Agent,
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
      alarmDescription: `A container of ${id} fails its health check`,
    },
    tasks: {
      ...on,
      ...everyMinute,
      metricName: "HealthyHostCount",
      statistic: "Minimum",
      comparisonOperator: "LessThanThreshold",
      threshold: instances,
      treatMissingData: "breaching",
      alarmDescription: `Fewer containers of ${id} are up than its ${instances}`,
    },
    errors: {
      ...on,
      period: 300,
      metricName: "HTTPCode_Target_5XX_Count",
      statistic: "Sum",
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold: MANY_ERRORS,
      treatMissingData: "notBreaching",
      alarmDescription: `${id} answered ${MANY_ERRORS} or more requests with 5xx in five minutes`,
    },
  };
}

/** Express services' load balancers are AWS's, so only Container Insights counts their containers. */
function onExpress(
  { id, resources: { instances } }: Agent,
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
      alarmDescription: `Fewer containers of ${id} are running than its ${instances}`,
    },
  };
}

interface PaymentWatch {
  readonly id: string;
  readonly logGroup: pulumi.Input<string>;
  readonly topicArn: string;
}

/** Counts what the crew's log says of payments that need a person. */
function watchPayments(
  name: string,
  { id, logGroup, topicArn }: PaymentWatch,
  options: pulumi.CustomResourceOptions,
): void {
  const metric = { namespace: "Masumi", name };
  void new aws.cloudwatch.LogMetricFilter(
    name,
    {
      logGroupName: logGroup,
      pattern: `{ ${PAYMENT_EVENTS.map((event) => `($.event = "${event}")`).join(" || ")} }`,
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
    alarmDescription: `A payment of ${id} needs its operator: see npx masumi-agents logs ${id}`,
  };
  makeAlarm(name, alarm, topicArn, options);
}
