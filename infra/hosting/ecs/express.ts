import { createHash } from "node:crypto";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { EcsRollout } from "../../../providers/ecs/index.ts";
import { CONTAINER_PORT, HEALTH_PATH } from "../../crews/environment.ts";
import { LOG_STREAM_PREFIX, environmentList, secretList } from "./container-definition.ts";
import { expressUrl } from "./express-url.ts";
import { makeInfrastructureRole } from "./roles.ts";
import { crewSecurityGroup } from "./security-groups.ts";
import { makeCrew, publishBySsm, shareEcs } from "./shared.ts";
import { rolloutMinutes, serviceTimeouts } from "./timeouts.ts";
import type { CrewToHost, HostedCrew, Hosting, HostingContext } from "../hosting.ts";

/** What a busy container is, where the agent does not say. */
const CPU_PERCENT = 60;

/** AWS makes the task definition, so that a deployment of another environment is told from the one before only by time. */
const STEADY_SECONDS = 20;

const digest = (value: unknown) =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);

/**
 * Crews as ECS Express services: AWS makes load balancer, certificate and host name, so no domain is needed. The host name
 * is known only once the service is there, and stays with it.
 */
export async function ecsExpressHosting(context: HostingContext): Promise<Hosting> {
  const { config } = context;
  const { vpcId, subnetIds } = config.aws;
  const shared = await shareEcs(context);
  const infrastructureRole = makeInfrastructureRole(shared.name, shared.place, shared.options);
  // ECS adds a group of its own, by which its load balancer reaches the containers.
  const securityGroup = vpcId && crewSecurityGroup(`${shared.name}-express`, { vpcId }, shared.options);
  const networkConfigurations =
    securityGroup && subnetIds
      ? [{ subnets: subnetIds.toSorted(), securityGroups: [securityGroup.id] }]
      : undefined;

  function host(crew: CrewToHost, options: pulumi.CustomResourceOptions): HostedCrew {
    const { agent } = crew;
    const { id, resources } = agent;
    const { access, cluster, executionRole } = shared;
    const { environment, identityParameter, image, logGroup, outliveService, secrets, taskRole } = makeCrew(
      shared,
      config,
      crew,
      options,
    );
    const service = new aws.ecs.ExpressGatewayService(
      id,
      {
        // No serviceName: AWS makes one up, for the same one could not be used again soon after a destroy.
        cluster: cluster.name,
        executionRoleArn: executionRole.arn,
        infrastructureRoleArn: infrastructureRole.arn,
        taskRoleArn: taskRole.arn,
        cpu: String(resources.cpu),
        memory: String(resources.memory),
        healthCheckPath: HEALTH_PATH,
        ...(networkConfigurations ? { networkConfigurations } : {}),
        primaryContainer: {
          image,
          containerPort: CONTAINER_PORT,
          environments: environmentList(environment),
          secrets: secrets.apply(secretList),
          awsLogsConfigurations: [{ logGroup: logGroup.name, logStreamPrefix: LOG_STREAM_PREFIX }],
        },
        scalingTargets: [
          {
            minTaskCount: resources.instances,
            // Said although it is optional: unsaid, it is 20.
            maxTaskCount: resources.autoscaling?.max ?? resources.instances,
            autoScalingMetric: "AVERAGE_CPU",
            autoScalingTargetValue: resources.autoscaling?.cpuPercent ?? CPU_PERCENT,
          },
        ],
      },
      {
        ...options,
        dependsOn: [
          ...(securityGroup ? securityGroup.rules : []),
          ...infrastructureRole.rights,
          ...outliveService,
        ],
        customTimeouts: serviceTimeouts(config.aws.jobMinutes),
      },
    );
    const rollout = new EcsRollout(
      id,
      {
        access,
        agentId: id,
        cluster: cluster.name,
        service: service.serviceArn,
        awaited: { image },
        revision: pulumi
          .all([image, secrets])
          .apply(([image, secrets]) =>
            digest({ image, environment: environmentList(environment), secrets: secretList(secrets) }),
          ),
        log: { group: logGroup.name, streamPrefix: LOG_STREAM_PREFIX },
        minutes: rolloutMinutes(config.aws.jobMinutes),
        steadySeconds: STEADY_SECONDS,
      },
      options,
    );
    const url = service.ingressPaths.apply(expressUrl);
    return {
      url,
      ready: [rollout],
      publishIdentifier(agentIdentifier, identityOptions) {
        publishBySsm({ agentId: id, parameter: identityParameter, url, agentIdentifier }, identityOptions);
      },
    };
  }

  return { host };
}
