import type { Aws } from "../plugins/aws/clients.ts";
import { docker } from "../image/docker.ts";
import type { Emulator } from "./aws/emulator.ts";

/** Each kind of thing that a stack makes, with a list of those that are there. */
const KINDS: Readonly<Record<string, (aws: Aws) => Promise<readonly (string | undefined)[]>>> = {
  cluster: async ({ ecs }) => (await (await ecs()).listClusters({})).clusterArns ?? [],
  "task definition": async ({ ecs }) =>
    (await (await ecs()).listTaskDefinitions({ status: "ACTIVE" })).taskDefinitionArns ?? [],
  "load balancer": async ({ elb }) =>
    (await (await elb()).describeLoadBalancers({})).LoadBalancers?.map((found) => found.LoadBalancerName) ??
    [],
  "target group": async ({ elb }) =>
    (await (await elb()).describeTargetGroups({})).TargetGroups?.map((found) => found.TargetGroupName) ?? [],
  repository: async ({ ecr }) =>
    (await (await ecr()).describeRepositories({})).repositories?.map((found) => found.repositoryName) ?? [],
  parameter: async ({ ssm }) =>
    (await (await ssm()).describeParameters({})).Parameters?.map((found) => found.Name) ?? [],
  secret: async ({ secrets }) =>
    (await (await secrets()).listSecrets({})).SecretList?.map((found) => found.Name) ?? [],
  role: async ({ iam }) => (await (await iam()).listRoles({})).Roles?.map((found) => found.RoleName) ?? [],
  "log group": async ({ logs }) =>
    (await (await logs()).describeLogGroups({})).logGroups?.map((found) => found.logGroupName) ?? [],
  certificate: async ({ acm }) =>
    (await (await acm()).listCertificates({})).CertificateSummaryList?.map((found) => found.DomainName) ?? [],
  "security group": async ({ ec2 }) =>
    (await (await ec2()).describeSecurityGroups({})).SecurityGroups?.map((found) => found.GroupName) ?? [],
  service: async (aws) => {
    const ecs = await aws.ecs();
    const clusters = (await ecs.listClusters({})).clusterArns ?? [];
    const found = await Promise.all(clusters.map((cluster) => ecs.listServices({ cluster })));
    return found.flatMap(({ serviceArns = [] }) => serviceArns);
  },
  rule: async (aws) => {
    const elb = await aws.elb();
    const balancers = (await elb.describeLoadBalancers({})).LoadBalancers ?? [];
    const listeners = await Promise.all(
      balancers.map(({ LoadBalancerArn }) => elb.describeListeners({ LoadBalancerArn })),
    );
    const rules = await Promise.all(
      listeners
        .flatMap(({ Listeners = [] }) => Listeners)
        .map(({ ListenerArn }) => elb.describeRules({ ListenerArn })),
    );
    return rules.flatMap(({ Rules = [] }) =>
      Rules.flatMap(({ Conditions = [] }) => Conditions).flatMap((found) => found.HostHeaderConfig?.Values),
    );
  },
  "DNS record": async (aws) => {
    const route53 = await aws.route53();
    const zones = (await route53.listHostedZones({})).HostedZones ?? [];
    const found = await Promise.all(
      zones.map(({ Id }) => route53.listResourceRecordSets({ HostedZoneId: Id })),
    );
    return found.flatMap(({ ResourceRecordSets = [] }) => ResourceRecordSets.map(({ Name }) => Name));
  },
  image: async (aws) => {
    const ecr = await aws.ecr();
    const repositories = (await ecr.describeRepositories({})).repositories ?? [];
    const found = await Promise.all(
      repositories.map(({ repositoryName }) => ecr.listImages({ repositoryName })),
    );
    return found.flatMap(({ imageIds = [] }) => imageIds.map(({ imageTag }) => imageTag));
  },
};

/** Everything that is there on the emulated AWS, and the containers that run for it, as `kind name`, sorted. */
export async function inventory({ clients, containers }: Emulator): Promise<string[]> {
  const kinds = Object.entries(KINDS).map(async ([kind, list]) =>
    (await list(clients)).filter((name) => name !== undefined).map((name) => `${kind} ${name}`),
  );
  const running = await docker(["ps", "--filter", containers, "--format", "container {{.Names}}"]);
  return [...(await Promise.all(kinds)).flat(), ...running.split("\n").filter(Boolean)].toSorted();
}

/** The containers of an agent's service, by id. */
export async function containersOf({ containers }: Emulator, agent: string): Promise<string[]> {
  const family = `label=com.amazonaws.ecs.task-definition-family=masumi-agents-local-${agent}`;
  const listed = await docker(["ps", "--quiet", "--no-trunc", "--filter", containers, "--filter", family]);
  return listed.split("\n").filter(Boolean);
}

/** The paths of all roles. */
export async function rolePaths({ clients }: Emulator): Promise<string[]> {
  const { Roles = [] } = await (await clients.iam()).listRoles({});
  return Roles.flatMap(({ Path }) => Path ?? []);
}
