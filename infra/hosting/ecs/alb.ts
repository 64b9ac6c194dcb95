import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { EcsRollout } from "../../../providers/ecs/index.ts";
import { runsInRuntime } from "../../declarations/index.ts";
import { CONTAINER_PORT, HEALTH_PATH } from "../../crews/environment.ts";
import { scale } from "./autoscaling.ts";
import { CONTAINER, DATA_VOLUME, LOG_STREAM_PREFIX, containerDefinition } from "./container-definition.ts";
import { useLoadBalancer } from "./load-balancer.ts";
import { findNetwork } from "./network.ts";
import { rulePriorities } from "./priorities.ts";
import { crewSecurityGroup } from "./security-groups.ts";
import { makeCrew, publishBySsm, shareEcs } from "./shared.ts";
import { rolloutMinutes, serviceTimeouts } from "./timeouts.ts";
import { albUrl } from "../expected-url.ts";
import type { CrewToHost, HostedCrew, Hosting, HostingContext } from "../hosting.ts";
import { boundedName } from "../../crews/names.ts";

/** Target groups may have names of 32 characters. */
const TARGET_GROUP_NAME = 32;

/** An answer takes a crew well below this: jobs run on after it. */
const DRAIN_SECONDS = 60;

/** crewai alone takes 13 seconds to load on the smallest size. */
const HEALTH_GRACE_SECONDS = 60;

/** Crews on ECS Fargate behind one load balancer, each at a host name of the stack's own domain, so the URL is known in every preview. */
export async function ecsAlbHosting(context: HostingContext): Promise<Hosting> {
  const { config, agents } = context;
  const { domain } = config.aws;
  if (!domain) throw new Error("masumi:aws.domain is missing");
  const network = await findNetwork(config.aws);
  const { zoneId } = await aws.route53.getZone({ name: config.aws.zone ?? domain });
  const shared = await shareEcs(context);
  const loadBalancer = useLoadBalancer(
    shared.name,
    { aws: config.aws, domain, network, zoneId },
    shared.options,
  );
  const securityGroup = crewSecurityGroup(
    `${shared.name}-crews`,
    {
      vpcId: network.vpcId,
      reachedBy: { securityGroupId: loadBalancer.securityGroupId, port: CONTAINER_PORT },
    },
    shared.options,
  );
  const priorities = rulePriorities(agents);

  function route(id: string, options: pulumi.CustomResourceOptions) {
    const priority = priorities.get(id);
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
        healthCheck: { path: HEALTH_PATH, matcher: "200", interval: 15, timeout: 5, healthyThreshold: 2 },
      },
      options,
    );
    const rule = new aws.lb.ListenerRule(
      id,
      {
        listenerArn: loadBalancer.listenerArn,
        priority,
        conditions: [{ hostHeader: { values: [`${id}.${domain}`] } }],
        actions: [{ type: "forward", targetGroupArn: targetGroup.arn }],
      },
      options,
    );
    const record = new aws.route53.Record(
      id,
      {
        zoneId,
        name: `${id}.${domain}`,
        type: "A",
        aliases: [{ name: loadBalancer.dnsName, zoneId: loadBalancer.zoneId, evaluateTargetHealth: false }],
      },
      options,
    );
    return { targetGroup, rule, record };
  }

  function host(crew: CrewToHost, options: pulumi.CustomResourceOptions): HostedCrew {
    const { agent } = crew;
    const { id, resources } = agent;
    const { access, cluster, executionRole, place } = shared;
    const made = makeCrew(shared, config, crew, options);
    const { environment, hasLargeDocuments, identityParameter, image } = made;
    const { logGroup, outliveService, secrets, taskRole } = made;
    const isOurRuntime = runsInRuntime(agent);
    const { targetGroup, rule, record } = route(id, options);
    const definition = pulumi.all([image, logGroup.name, secrets]).apply(([image, logGroup, secrets]) =>
      containerDefinition({
        image,
        environment,
        secrets,
        logGroup,
        region: place.region,
        isOurRuntime,
        hasLargeDocuments,
      }),
    );
    const task = new aws.ecs.TaskDefinition(
      id,
      {
        family: `${pulumi.getProject()}-${pulumi.getStack()}-${id}`,
        requiresCompatibilities: ["FARGATE"],
        networkMode: "awsvpc",
        cpu: String(resources.cpu),
        memory: String(resources.memory),
        executionRoleArn: executionRole.arn,
        taskRoleArn: taskRole.arn,
        runtimePlatform: {
          operatingSystemFamily: "LINUX",
          cpuArchitecture: config.aws.platform === "linux/arm64" ? "ARM64" : "X86_64",
        },
        ...(isOurRuntime ? { volumes: [{ name: DATA_VOLUME }] } : {}),
        containerDefinitions: pulumi.jsonStringify([definition]),
      },
      options,
    );
    const service = new aws.ecs.Service(
      id,
      {
        cluster: cluster.arn,
        taskDefinition: task.arn,
        desiredCount: resources.instances,
        // Not launchType: going from it to a capacity provider would replace the service.
        capacityProviderStrategies: [
          { capacityProvider: config.aws.spot ? "FARGATE_SPOT" : "FARGATE", weight: 1 },
        ],
        forceNewDeployment: true,
        networkConfiguration: {
          subnets: [...network.subnetIds],
          securityGroups: [securityGroup.id],
          assignPublicIp: true,
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
        // It is refused a target group without a rule, and is not healthy before it can be reached.
        dependsOn: [rule, ...loadBalancer.rules, ...securityGroup.rules, ...outliveService],
        customTimeouts: serviceTimeouts(config.aws.jobMinutes),
        // The number is the load's, from the first deployment on.
        ...(resources.autoscaling ? { ignoreChanges: ["desiredCount"] } : {}),
      },
    );
    scale(agent, { cluster: cluster.name, service: service.name }, options);
    const rollout = new EcsRollout(
      id,
      {
        access,
        agentId: id,
        cluster: cluster.arn,
        service: service.name,
        awaited: { taskDefinition: task.arn },
        revision: task.arn,
        log: { group: logGroup.name, streamPrefix: LOG_STREAM_PREFIX },
        minutes: rolloutMinutes(config.aws.jobMinutes),
        // The task definition tells the deployment that is waited for.
        steadySeconds: 0,
      },
      options,
    );
    return {
      url: albUrl(domain ?? "", id),
      ready: [rollout, record],
      publishIdentifier(agentIdentifier, identityOptions) {
        publishBySsm(
          { agentId: id, parameter: identityParameter, url: albUrl(domain ?? "", id), agentIdentifier },
          identityOptions,
        );
      },
    };
  }

  return { host };
}
