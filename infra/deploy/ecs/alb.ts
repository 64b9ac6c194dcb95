import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { EcsRollout } from "../../../providers/ecs/index.ts";
import type { StackConfig } from "../../config.ts";
import type { CrewToHost } from "../../crews/crew-to-host.ts";
import { CONTAINER_PORT, HEALTH_PATH } from "../../crews/environment.ts";
import { NAMES, acceptedName } from "../../hosting/names.ts";
import {
  type Agent,
  type Confinement,
  type Resources,
  confinementOf,
  runsInRuntime,
} from "../../declarations/index.ts";
import type { HostedCrew, HostingContext, HostingFactory } from "../hosting.ts";
import { watch, watchedAgent } from "./alarms.ts";
import { scale } from "./autoscaling.ts";
import { commonInputs, withCommonInputs } from "./common-inputs.ts";
import { CONTAINER, DATA_VOLUME, LOG_STREAM_PREFIX, containerDefinition } from "./container-definition.ts";
import { type LoadBalancer, useLoadBalancer } from "./load-balancer.ts";
import { type Network, findNetwork } from "./network.ts";
import { type RulePriorities, rulePriorities } from "./priorities.ts";
import { type Route, makeRoute } from "./route.ts";
import { type SecurityGroup, crewSecurityGroup } from "./security-groups.ts";
import { type EcsCrew, type SharedEcs, makeCrew, publishBySsm, shareEcs } from "./shared.ts";
import { rolloutMinutes, serviceTimeouts } from "./timeouts.ts";
import { albUrl } from "../../hosting/ecs/url.ts";

/** crewai alone takes 13 seconds to load on the smallest size. */
const HEALTH_GRACE_SECONDS = 60;

/** What all crews behind the stack's load balancer share. */
export interface AlbStack {
  readonly config: StackConfig;
  readonly domain: string;
  readonly zoneId: string;
  readonly shared: SharedEcs;
  readonly network: Network;
  readonly loadBalancer: LoadBalancer;
  readonly securityGroup: SecurityGroup;
  readonly priorities: RulePriorities;
}

/** Runs crews on ECS Fargate behind one load balancer, each at its own host name, so every preview knows the URL. */
export const hosting: HostingFactory = async (context) => {
  const stack = await useAlb(context);
  return { host: (crew, options) => hostCrew(stack, crew, options) };
};

/** One per program run: a stack may have crews of their own behind it, and shared ones. */
const used = new WeakMap<HostingContext, Promise<AlbStack>>();

export function useAlb(context: HostingContext): Promise<AlbStack> {
  const known = used.get(context) ?? makeStack(context);
  used.set(context, known);
  return known;
}

async function makeStack(context: HostingContext): Promise<AlbStack> {
  const { config, agents, registered } = context;
  const { domain, zone } = config.aws;
  if (!domain) throw new Error("masumi:aws.domain is missing");
  const network = await findNetwork(config.aws);
  const { zoneId } = await aws.route53.getZone({ name: zone ?? domain });
  const shared = await shareEcs(context);
  const { name, options } = shared;
  const loadBalancer = useLoadBalancer(name, { aws: config.aws, domain, network, zoneId }, options);
  const securityGroup = crewSecurityGroup(
    `${name}-crews`,
    {
      vpcId: network.vpcId,
      egress: config.aws.egress,
      reachedBy: { securityGroupId: loadBalancer.securityGroupId, port: CONTAINER_PORT },
    },
    options,
  );
  const priorities = rulePriorities(config, agents, registered);
  return { config, domain, zoneId, shared, network, loadBalancer, securityGroup, priorities };
}

function hostCrew(stack: AlbStack, crew: CrewToHost, given: pulumi.CustomResourceOptions): HostedCrew {
  const { config, domain, loadBalancer, shared } = stack;
  const { agent } = crew;
  const common = commonInputs(config.aws, agent.id);
  const options = withCommonInputs(common, given);
  const url = albUrl(domain, agent.id);
  const made = makeCrew(shared, config, { ...crew, url }, options);
  const route = makeRoute(
    { id: agent.id, host: `${agent.id}.${domain}`, healthPath: HEALTH_PATH },
    stack,
    options,
  );
  const task = makeTask(stack, taskOf(agent, made), options);
  const { resources } = agent;
  const { outliveService } = made;
  const service = makeService(stack, { id: agent.id, resources, task, route, outliveService }, options);
  scale(agent, { cluster: shared.cluster.name, service: service.name }, options);
  watch(
    { ...watchedAgent(agent), aws: config.aws, name: shared.name, logGroup: made.logGroup.name },
    { behind: { loadBalancer: loadBalancer.arn, targetGroup: route.targetGroup.arn } },
    options,
  );
  const rollout = awaitRollout(stack, { id: agent.id, service, task, logGroup: made.logGroup }, options);
  return {
    url,
    ready: [rollout, route.record],
    publishIdentity(identity, identityOptions) {
      const parameter = made.identityParameter;
      publishBySsm(
        { agentId: agent.id, parameter, url, identity },
        withCommonInputs(common, identityOptions),
      );
    },
  };
}

export interface RolloutParts {
  readonly id: string;
  readonly service: aws.ecs.Service;
  readonly task: aws.ecs.TaskDefinition;
  readonly logGroup: aws.cloudwatch.LogGroup;
}

export const awaitRollout = (
  { config, shared }: AlbStack,
  { id, service, task, logGroup }: RolloutParts,
  options: pulumi.CustomResourceOptions,
): EcsRollout =>
  new EcsRollout(
    id,
    {
      access: shared.access,
      agentId: id,
      cluster: shared.cluster.arn,
      service: service.name,
      awaited: { taskDefinition: task.arn },
      revision: task.arn,
      log: { group: logGroup.name, streamPrefix: LOG_STREAM_PREFIX },
      minutes: rolloutMinutes(config.aws.jobMinutes),
      // The task definition identifies the deployment to wait for.
      steadySeconds: 0,
    },
    options,
  );

/** What a task runs, an agent's or the shared crew service's. */
export interface TaskParts extends Omit<EcsCrew, "identityParameter" | "outliveService"> {
  readonly id: string;
  readonly resources: Pick<Resources, "cpu" | "memory">;
  readonly isOurRuntime: boolean;
  readonly confinement: Confinement;
}

const taskOf = (agent: Agent, made: EcsCrew): TaskParts => ({
  ...made,
  id: agent.id,
  resources: agent.resources,
  isOurRuntime: runsInRuntime(agent),
  confinement: confinementOf(agent),
});

export function makeTask(
  { config, shared }: AlbStack,
  parts: TaskParts,
  options: pulumi.CustomResourceOptions,
): aws.ecs.TaskDefinition {
  const { id, resources, environment, image, logGroup, secrets, taskRole } = parts;
  const { isOurRuntime, confinement, hasLargeDocuments } = parts;
  const { region } = shared.place;
  const definition = pulumi.all([image, logGroup.name, secrets]).apply(([image, logGroup, secrets]) =>
    containerDefinition({
      image,
      environment,
      secrets,
      logGroup,
      region,
      isOurRuntime,
      confinement,
      hasLargeDocuments,
    }),
  );
  return new aws.ecs.TaskDefinition(
    id,
    {
      family: acceptedName(NAMES.taskFamily, `${pulumi.getProject()}-${pulumi.getStack()}-${id}`),
      requiresCompatibilities: ["FARGATE"],
      networkMode: "awsvpc",
      cpu: String(resources.cpu),
      memory: String(resources.memory),
      executionRoleArn: shared.executionRole.arn,
      taskRoleArn: taskRole.arn,
      runtimePlatform: {
        operatingSystemFamily: "LINUX",
        cpuArchitecture: config.aws.platform === "linux/arm64" ? "ARM64" : "X86_64",
      },
      volumes: [{ name: DATA_VOLUME }],
      containerDefinitions: pulumi.jsonStringify([definition]),
    },
    options,
  );
}

export interface ServiceParts {
  readonly id: string;
  readonly resources: Pick<Resources, "instances" | "autoscaling">;
  readonly task: aws.ecs.TaskDefinition;
  readonly route: Route;
  /** What must be removed only after the service. */
  readonly outliveService: pulumi.Resource[];
}

export function makeService(
  { config, shared, network, loadBalancer, securityGroup }: AlbStack,
  { id, resources, task, route, outliveService }: ServiceParts,
  options: pulumi.CustomResourceOptions,
): aws.ecs.Service {
  const { rule, targetGroup } = route;
  return new aws.ecs.Service(
    id,
    {
      cluster: shared.cluster.arn,
      taskDefinition: task.arn,
      desiredCount: resources.instances,
      // Not launchType: changing from it to a capacity provider would replace the service.
      capacityProviderStrategies: [
        { capacityProvider: config.aws.spot ? "FARGATE_SPOT" : "FARGATE", weight: 1 },
      ],
      forceNewDeployment: true,
      networkConfiguration: {
        subnets: [...network.crews.subnetIds],
        securityGroups: [securityGroup.id],
        assignPublicIp: network.crews.publicIp,
      },
      loadBalancers: [
        { targetGroupArn: targetGroup.arn, containerName: CONTAINER, containerPort: CONTAINER_PORT },
      ],
      healthCheckGracePeriodSeconds: HEALTH_GRACE_SECONDS,
      deploymentMinimumHealthyPercent: 100,
      deploymentMaximumPercent: 200,
      deploymentCircuitBreaker: { enable: true, rollback: true },
      enableEcsManagedTags: true,
      propagateTags: "SERVICE",
    },
    {
      ...options,
      // AWS rejects a target group without a rule, and a service is not healthy before it can be reached.
      dependsOn: [rule, ...loadBalancer.rules, ...securityGroup.rules, ...outliveService],
      customTimeouts: serviceTimeouts(config.aws.jobMinutes),
      // After the first deployment, autoscaling sets the number.
      ...(resources.autoscaling ? { ignoreChanges: ["desiredCount"] } : {}),
    },
  );
}
