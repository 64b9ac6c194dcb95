import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { CONTAINER_PORT, HEALTH_PATH } from "./container-environment.ts";
import { environmentList, secretList } from "./ecs/container-definition.ts";
import { expressUrl } from "./ecs/express-url.ts";
import { makeInfrastructureRole } from "./ecs/roles.ts";
import { crewSecurityGroup } from "./ecs/security-groups.ts";
import { makeCrew, publishBySsm, shareEcs } from "./ecs/shared.ts";
import { serviceTimeouts } from "./ecs/timeouts.ts";
import type { CrewToHost, HostedCrew, Hosting, HostingContext } from "./hosting.ts";

/** What a busy container is, where the agent does not say. */
const CPU_PERCENT = 60;

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
    const { cluster, executionRole, secrets } = shared;
    const { environment, identityParameter, image, logGroup, taskRole } = makeCrew(
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
          secrets: secrets.references.apply(secretList),
          awsLogsConfigurations: [{ logGroup: logGroup.name, logStreamPrefix: "crew" }],
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
        waitForSteadyState: true,
      },
      {
        ...options,
        // Without the rights of its roles, a service that is removed stays in DRAINING.
        dependsOn: [
          ...(securityGroup ? securityGroup.rules : []),
          ...cluster.ready,
          ...executionRole.rights,
          ...infrastructureRole.rights,
          ...taskRole.rights,
        ],
        customTimeouts: serviceTimeouts(config.aws.jobMinutes),
      },
    );
    const url = service.ingressPaths.apply(expressUrl);
    return {
      url,
      ready: [service],
      publishIdentifier(agentIdentifier, identityOptions) {
        publishBySsm({ agentId: id, parameter: identityParameter, url, agentIdentifier }, identityOptions);
      },
    };
  }

  return { host };
}
