import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { AwsSettings } from "../../hosting/ecs/settings.ts";
import { NAMES, acceptedName } from "../../hosting/names.ts";
import { IDLE_SECONDS } from "../../hosting/ecs/limits.ts";
import { watchLoadBalancer } from "./alarms.ts";
import { useCertificate } from "./certificate.ts";
import type { Network } from "./network.ts";
import { EVERYONE, type SecurityGroup, outgoingGroup } from "./security-groups.ts";

const TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/** The load balancer that all agents of a stack share. */
export interface LoadBalancer {
  readonly arn: pulumi.Output<string>;
  readonly listenerArn: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  /** What lets the public through. */
  readonly rules: pulumi.Resource[];
  readonly dnsName: pulumi.Output<string>;
  readonly zoneId: pulumi.Output<string>;
}

export interface LoadBalancerArgs {
  readonly aws: AwsSettings;
  readonly domain: string;
  readonly network: Network;
  /** The hosted zone of the domain. */
  readonly zoneId: string;
}

/** Returns the load balancer in masumi:aws, or a new one for the stack that serves HTTPS and redirects HTTP to it. */
export function useLoadBalancer(
  name: string,
  args: LoadBalancerArgs,
  options: pulumi.CustomResourceOptions,
): LoadBalancer {
  const given = args.aws.loadBalancer;
  if (!given) return makeLoadBalancer(name, args, options);
  const found = aws.lb.getLoadBalancerOutput({ arn: given.arn });
  return {
    arn: pulumi.output(given.arn),
    listenerArn: pulumi.output(given.listenerArn),
    securityGroupId: pulumi.output(given.securityGroupId),
    rules: [],
    dnsName: found.dnsName,
    zoneId: found.zoneId,
  };
}

function redirectToHttps(
  name: string,
  loadBalancerArn: pulumi.Output<string>,
  options: pulumi.CustomResourceOptions,
): void {
  void new aws.lb.Listener(
    `${name}-http`,
    {
      loadBalancerArn,
      port: 80,
      protocol: "HTTP",
      defaultActions: [
        { type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } },
      ],
    },
    options,
  );
}

/** Whatever no agent's rule takes gets a 404. */
const listenOnHttps = (
  name: string,
  loadBalancerArn: pulumi.Output<string>,
  certificateArn: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): aws.lb.Listener =>
  new aws.lb.Listener(
    `${name}-https`,
    {
      loadBalancerArn,
      port: 443,
      protocol: "HTTPS",
      sslPolicy: TLS_POLICY,
      certificateArn,
      defaultActions: [
        {
          type: "fixed-response",
          fixedResponse: { contentType: "text/plain", statusCode: "404", messageBody: "No such agent." },
        },
      ],
    },
    options,
  );

function makeLoadBalancer(
  name: string,
  { aws: settings, domain, network, zoneId }: LoadBalancerArgs,
  options: pulumi.CustomResourceOptions,
): LoadBalancer {
  const { accessLogs, alarms, certificateArn, deletionProtection, webAclArn } = settings;
  const securityGroup = publicSecurityGroup(`${name}-public`, network.vpcId, options);
  const loadBalancer = new aws.lb.LoadBalancer(
    acceptedName(NAMES.loadBalancer, name),
    {
      loadBalancerType: "application",
      securityGroups: [securityGroup.id],
      subnets: [...network.subnetIds],
      dropInvalidHeaderFields: true,
      idleTimeout: IDLE_SECONDS,
      ...(accessLogs ? { accessLogs: { ...accessLogs, enabled: true } } : {}),
      ...(deletionProtection ? { enableDeletionProtection: true } : {}),
    },
    options,
  );
  if (webAclArn) {
    void new aws.wafv2.WebAclAssociation(name, { resourceArn: loadBalancer.arn, webAclArn }, options);
  }
  watchLoadBalancer(name, { alarms, loadBalancer: loadBalancer.arn }, options);
  redirectToHttps(name, loadBalancer.arn, options);
  const certificate = useCertificate(name, { domain, certificateArn, zoneId }, options);
  const listener = listenOnHttps(name, loadBalancer.arn, certificate, options);
  return {
    arn: loadBalancer.arn,
    listenerArn: listener.arn,
    securityGroupId: securityGroup.id,
    rules: securityGroup.rules,
    dnsName: loadBalancer.dnsName,
    zoneId: loadBalancer.zoneId,
  };
}

function publicSecurityGroup(
  name: string,
  vpcId: string,
  options: pulumi.CustomResourceOptions,
): SecurityGroup {
  const group = outgoingGroup(name, { vpcId, description: "Load balancer of Masumi agents" }, options);
  const ingress = [80, 443].map(
    (port) =>
      new aws.vpc.SecurityGroupIngressRule(
        `${name}-${port}`,
        { securityGroupId: group.id, cidrIpv4: EVERYONE, ipProtocol: "tcp", fromPort: port, toPort: port },
        options,
      ),
  );
  return { id: group.id, rules: [...group.rules, ...ingress] };
}
