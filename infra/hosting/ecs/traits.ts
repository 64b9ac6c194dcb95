import type { HostingTraits, LogContext } from "../kind.ts";
import { repeatedNumbers } from "../stable-numbers.ts";
import { albHardeningProblems, egressProblems, expressHardeningProblems } from "./hardening.ts";
import { CERTIFICATE_NAME, HOST_NAME } from "./limits.ts";
import { agentPath } from "./names.ts";
import type { AwsSettings } from "./settings.ts";
import { EXPRESS_SIZES, FARGATE_SIZES } from "./sizes.ts";
import { albUrl } from "./url.ts";

export interface Settings {
  readonly aws: AwsSettings;
}

/**
 * AWS's default limit for the rules of a load balancer's listener, and for its target groups.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
 */
const AGENTS_PER_LOAD_BALANCER = 100;

/** How many Express services share a load balancer; for the next one AWS creates another, which costs extra. */
const EXPRESS_SERVICES_PER_LOAD_BALANCER = 25;

/** The traits that both ways of running crews on ECS share. */
const onEcs = {
  packages: [
    "@pulumi/aws",
    "@pulumi/docker",
    "@aws-sdk/client-cloudwatch-logs",
    "@aws-sdk/client-ecr",
    "@aws-sdk/client-ecs",
  ],
  runsImages: true,
  instances: "declared",
  readsLocalFiles: false,
  // A Fargate task's files are gone when the task ends.
  losesPaidJobs: true,
  // AWS's own S3 is read with the task's role.
  needsDocumentsKey: ({ endpoint }) => endpoint !== undefined,
  dockerEngine: { address: () => "", runsCrews: false },
  cloud: "aws",
  logs:
    ({ settings: { aws }, project, stack }: LogContext<Settings>) =>
    (id: string) => ({
      kind: "cloudwatch" as const,
      group: agentPath(project, stack, id),
      region: aws.region,
      profile: aws.profile,
    }),
} satisfies Partial<HostingTraits<Settings>>;

/** Runs crews on ECS behind one load balancer, each at a host name in the stack's own domain. */
export const albTraits: HostingTraits<Settings> = {
  ...onEcs,
  module: "ecs/alb",
  confinesContainers: true,
  dataNeedsVolume: true,
  sizes: FARGATE_SIZES,
  settingsProblems: ({ aws }) => [
    ...commonProblems(aws),
    ...loadBalancerProblems(aws),
    ...albHardeningProblems(aws),
  ],
  countProblems: (count) =>
    count <= AGENTS_PER_LOAD_BALANCER
      ? []
      : [
          `${count} agents would share one load balancer, which has room for ${AGENTS_PER_LOAD_BALANCER}: ` +
            "distribute them over several stacks, or give some of them hosting: ecs-express",
        ],
  hostedZone: ({ aws: { zone, domain } }) => zone ?? domain,
  idProblems: ({ aws: { domain = "" } }, id) => {
    const host = `${id}.${domain}`;
    return host.length <= HOST_NAME
      ? []
      : [
          `the host name ${host} has ${host.length} characters, and a load balancer's rule may have ${HOST_NAME}: ` +
            "choose a shorter id, or a shorter masumi:aws.domain",
        ];
  },
  urls: ({ settings: { aws } }) => {
    const { domain } = aws;
    return (id) => domain && albUrl(domain, id);
  },
};

/** Runs crews as ECS Express services, whose host names AWS generates when it creates them. */
export const expressTraits: HostingTraits<Settings> = {
  ...onEcs,
  module: "ecs/express",
  confinesContainers: false,
  sizes: EXPRESS_SIZES,
  settingsProblems: ({ aws }) => [
    ...commonProblems(aws),
    ...expressProblems(aws),
    ...expressHardeningProblems(aws),
  ],
  countWarnings: (count) =>
    count <= EXPRESS_SERVICES_PER_LOAD_BALANCER
      ? []
      : [
          `${count} Express services need more than one load balancer, because AWS puts only ` +
            `${EXPRESS_SERVICES_PER_LOAD_BALANCER} on each. With hosting ecs-alb, ${AGENTS_PER_LOAD_BALANCER} can share one.`,
        ],
  urls: () => () => undefined,
};

function commonProblems(aws: AwsSettings): string[] {
  const problems: string[] = [];
  if (!aws.region)
    problems.push("aws:region is missing: npx masumi-agents config set aws:region eu-central-1");
  for (const name of aws.credentialSettings ?? []) {
    problems.push(
      `${name} applies only to the AWS provider, but rollouts are watched with a separate AWS client: set aws:profile ` +
        "(a role in it is assumed), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, as pipelines do",
    );
  }
  if ((aws.vpcId === undefined) !== (aws.subnetIds === undefined)) {
    problems.push("masumi:aws.vpcId and masumi:aws.subnetIds belong together: set both or neither");
  }
  problems.push(...egressProblems(aws));
  return problems;
}

function expressProblems({ spot, platform }: AwsSettings): string[] {
  const problems: string[] = [];
  if (spot)
    problems.push("masumi:aws.spot is not available with ecs-express: set it to false, or use ecs-alb");
  if (platform !== "linux/amd64") {
    problems.push(
      `masumi:aws.platform ${platform} is not available with ecs-express: use linux/amd64, or ecs-alb`,
    );
  }
  return problems;
}

function loadBalancerProblems(settings: AwsSettings): string[] {
  const { domain, zone, loadBalancer, certificateArn, vpcId, priorities } = settings;
  const problems = repeatedNumbers("masumi:aws.priorities", priorities);
  if (!domain) {
    problems.push(
      "masumi:aws.domain is missing: with ecs-alb, agents are reached at https://<id>.<domain>. Set a domain whose " +
        "DNS is in Route 53, or use ecs-express, which needs none",
    );
  }
  if (domain && zone && domain !== zone && !domain.endsWith(`.${zone}`)) {
    problems.push(
      `masumi:aws.zone ${zone} does not contain masumi:aws.domain ${domain}: name the zone that does`,
    );
  }
  const certified = `*.${domain}`;
  if (!loadBalancer && !certificateArn && certified.length > CERTIFICATE_NAME) {
    problems.push(
      `masumi:aws.domain is too long: ${certified} has ${certified.length} characters, and a certificate's name may have ` +
        `${CERTIFICATE_NAME}. Use a shorter domain, or name a certificate of your own in masumi:aws.certificateArn`,
    );
  }
  if (loadBalancer && certificateArn) {
    problems.push(
      "masumi:aws.certificateArn has no effect with loadBalancer, whose listener has its own certificate: remove it",
    );
  }
  if (loadBalancer && !vpcId) {
    problems.push(
      "masumi:aws.loadBalancer also needs vpcId and subnetIds: its targets must be in the same network",
    );
  }
  return problems;
}
