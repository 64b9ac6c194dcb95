import type { Action } from "@aws-sdk/client-elastic-load-balancing-v2";
import { z } from "zod";
import { ifThere, told } from "./clients.ts";
import { invoke, resource, tagged } from "./types.ts";

const action = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("forward"), targetGroupArn: z.string() }),
  z.strictObject({
    type: z.literal("redirect"),
    redirect: z.strictObject({ protocol: z.string(), port: z.string(), statusCode: z.string() }),
  }),
  z.strictObject({
    type: z.literal("fixed-response"),
    fixedResponse: z.strictObject({
      contentType: z.string(),
      statusCode: z.string(),
      messageBody: z.string(),
    }),
  }),
]);

function actionOf(given: z.infer<typeof action>): Action {
  if (given.type === "forward") return { Type: given.type, TargetGroupArn: given.targetGroupArn };
  if (given.type === "redirect") {
    const { protocol, port, statusCode } = given.redirect;
    return {
      Type: given.type,
      RedirectConfig: { Protocol: protocol, Port: port, StatusCode: statusCode as "HTTP_301" },
    };
  }
  const { contentType, statusCode, messageBody } = given.fixedResponse;
  return {
    Type: given.type,
    FixedResponseConfig: { ContentType: contentType, StatusCode: statusCode, MessageBody: messageBody },
  };
}

export const getLoadBalancer = invoke({
  inputs: z.strictObject({ arn: z.string() }),
  async run({ arn }, { client }) {
    const elb = await client.elb();
    const { LoadBalancers = [] } = await elb.describeLoadBalancers({ LoadBalancerArns: [arn] });
    const found = told(LoadBalancers[0], `the load balancer ${arn}`);
    return {
      id: arn,
      arn,
      dnsName: told(found.DNSName, "the load balancer's name"),
      zoneId: told(found.CanonicalHostedZoneId, "the load balancer's zone"),
    };
  },
});

export const loadBalancer = resource({
  inputs: z.strictObject({
    ...tagged,
    name: z.string(),
    loadBalancerType: z.literal("application"),
    securityGroups: z.array(z.string()),
    subnets: z.array(z.string()),
    dropInvalidHeaderFields: z.boolean().default(false),
    idleTimeout: z.number().default(60),
  }),
  outputs: z.object({ arn: z.string(), dnsName: z.string(), zoneId: z.string() }),
  autoName: { input: "name", maxLength: 32 },

  async create(inputs, { client }) {
    const { name, loadBalancerType, securityGroups, subnets, dropInvalidHeaderFields, idleTimeout } = inputs;
    const elb = await client.elb();
    const { LoadBalancers = [] } = await elb.createLoadBalancer({
      Name: name,
      Type: loadBalancerType,
      SecurityGroups: securityGroups,
      Subnets: subnets,
    });
    const made = told(LoadBalancers[0], "the new load balancer");
    const arn = told(made.LoadBalancerArn, "the load balancer's ARN");
    await elb.modifyLoadBalancerAttributes({
      LoadBalancerArn: arn,
      Attributes: [
        {
          Key: "routing.http.drop_invalid_header_fields.enabled",
          Value: String(dropInvalidHeaderFields),
        },
        { Key: "idle_timeout.timeout_seconds", Value: String(idleTimeout) },
      ],
    });
    const dnsName = told(made.DNSName, "the load balancer's name");
    return {
      id: arn,
      outputs: { arn, dnsName, zoneId: told(made.CanonicalHostedZoneId, "the load balancer's zone") },
    };
  },
  async read(id, known, { client }) {
    const elb = await client.elb();
    return (await ifThere(elb.describeLoadBalancers({ LoadBalancerArns: [id] }))) && known;
  },
  async delete(id, _old, { client }) {
    const elb = await client.elb();
    await ifThere(elb.deleteLoadBalancer({ LoadBalancerArn: id }));
  },
});

export const listener = resource({
  inputs: z.strictObject({
    ...tagged,
    loadBalancerArn: z.string(),
    port: z.number(),
    protocol: z.enum(["HTTP", "HTTPS"]),
    sslPolicy: z.string().optional(),
    certificateArn: z.string().optional(),
    defaultActions: z.array(action),
  }),
  outputs: z.object({ arn: z.string() }),

  async create({ loadBalancerArn, port, protocol, sslPolicy, certificateArn, defaultActions }, { client }) {
    const elb = await client.elb();
    const { Listeners = [] } = await elb.createListener({
      LoadBalancerArn: loadBalancerArn,
      Port: port,
      Protocol: protocol,
      ...(sslPolicy ? { SslPolicy: sslPolicy } : {}),
      ...(certificateArn ? { Certificates: [{ CertificateArn: certificateArn }] } : {}),
      DefaultActions: defaultActions.map(actionOf),
    });
    const arn = told(Listeners[0]?.ListenerArn, "the listener's ARN");
    return { id: arn, outputs: { arn } };
  },
  async read(id, known, { client }) {
    const elb = await client.elb();
    return (await ifThere(elb.describeListeners({ ListenerArns: [id] }))) && known;
  },
  async delete(id, _old, { client }) {
    const elb = await client.elb();
    await ifThere(elb.deleteListener({ ListenerArn: id }));
  },
});

export const listenerRule = resource({
  inputs: z.strictObject({
    ...tagged,
    listenerArn: z.string(),
    priority: z.number(),
    conditions: z.array(z.strictObject({ hostHeader: z.strictObject({ values: z.array(z.string()) }) })),
    actions: z.array(action),
  }),
  outputs: z.object({ arn: z.string() }),

  async create({ listenerArn, priority, conditions, actions }, { client }) {
    const elb = await client.elb();
    const { Rules = [] } = await elb.createRule({
      ListenerArn: listenerArn,
      Priority: priority,
      Conditions: conditions.map(({ hostHeader }) => ({
        Field: "host-header",
        HostHeaderConfig: { Values: hostHeader.values },
      })),
      Actions: actions.map(actionOf),
    });
    const arn = told(Rules[0]?.RuleArn, "the rule's ARN");
    return { id: arn, outputs: { arn } };
  },
  async read(id, known, { client }) {
    const elb = await client.elb();
    return (await ifThere(elb.describeRules({ RuleArns: [id] }))) && known;
  },
  async delete(id, _old, { client }) {
    const elb = await client.elb();
    await ifThere(elb.deleteRule({ RuleArn: id }));
  },
});

export const targetGroup = resource({
  inputs: z.strictObject({
    ...tagged,
    name: z.string(),
    vpcId: z.string(),
    targetType: z.literal("ip"),
    protocol: z.literal("HTTP"),
    port: z.number(),
    deregistrationDelay: z.number(),
    healthCheck: z.strictObject({
      path: z.string(),
      matcher: z.string(),
      interval: z.number(),
      timeout: z.number(),
      healthyThreshold: z.number(),
    }),
  }),
  outputs: z.object({ arn: z.string() }),

  async create(given, { client }) {
    const elb = await client.elb();
    const { path, matcher, interval, timeout, healthyThreshold } = given.healthCheck;
    const { TargetGroups = [] } = await elb.createTargetGroup({
      Name: given.name,
      VpcId: given.vpcId,
      TargetType: given.targetType,
      Protocol: given.protocol,
      Port: given.port,
      HealthCheckPath: path,
      Matcher: { HttpCode: matcher },
      HealthCheckIntervalSeconds: interval,
      HealthCheckTimeoutSeconds: timeout,
      HealthyThresholdCount: healthyThreshold,
    });
    const arn = told(TargetGroups[0]?.TargetGroupArn, "the target group's ARN");
    await elb.modifyTargetGroupAttributes({
      TargetGroupArn: arn,
      Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value: String(given.deregistrationDelay) }],
    });
    return { id: arn, outputs: { arn } };
  },
  async read(id, known, { client }) {
    const elb = await client.elb();
    return (await ifThere(elb.describeTargetGroups({ TargetGroupArns: [id] }))) && known;
  },
  async delete(id, _old, { client }) {
    const elb = await client.elb();
    await ifThere(elb.deleteTargetGroup({ TargetGroupArn: id }));
  },
});
