import { createHash } from "node:crypto";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { EcsRollout } from "../../../providers/ecs/index.ts";
import { CONTAINER_PORT, HEALTH_PATH } from "../../crews/environment.ts";
import { watch, watchedAgent } from "./alarms.ts";
import { commonInputs, withCommonInputs } from "./common-inputs.ts";
import { LOG_STREAM_PREFIX, environmentList, secretList } from "./container-definition.ts";
import { expressUrl } from "../../hosting/ecs/url.ts";
import { type Role, makeInfrastructureRole } from "./roles.ts";
import { type SecurityGroup, crewSecurityGroup } from "./security-groups.ts";
import { type EcsCrew, type SharedEcs, makeCrew, publishBySsm, shareEcs } from "./shared.ts";
import { rolloutMinutes, serviceTimeouts } from "./timeouts.ts";
import type { StackConfig } from "../../config.ts";
import type { CrewToHost } from "../../crews/crew-to-host.ts";
import type { HostedCrew, HostingContext, HostingFactory } from "../hosting.ts";

/** CPU utilisation of a busy container, unless the agent specifies it. */
const CPU_PERCENT = 60;

/** AWS creates the task definition, so a deployment with only a changed environment can be recognised only by waiting. */
const STEADY_SECONDS = 20;

const digest = (value: unknown) =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);

/** What all Express services of the stack share. */
interface ExpressStack {
  readonly config: StackConfig;
  readonly shared: SharedEcs;
  readonly infrastructureRole: Role;
  /** Only for the network in masumi:aws; in the default one ECS takes care of it. */
  readonly securityGroup: SecurityGroup | undefined;
}

/**
 * Runs crews as ECS Express services: AWS provides load balancer, certificate and host name, so no domain is needed. The host
 * name is known only once the service exists, and does not change afterwards.
 */
export const hosting: HostingFactory = async (context) => {
  const stack = await makeStack(context);
  return { host: (crew, options) => hostCrew(stack, crew, options) };
};

async function makeStack(context: HostingContext): Promise<ExpressStack> {
  const { config } = context;
  const { vpcId, egress } = config.aws;
  const shared = await shareEcs(context);
  return {
    config,
    shared,
    infrastructureRole: makeInfrastructureRole(shared.name, shared.place, shared.options),
    // ECS adds its own group, through which its load balancer reaches the containers.
    securityGroup: vpcId
      ? crewSecurityGroup(`${shared.name}-express`, { vpcId, egress }, shared.options)
      : undefined,
  };
}

function hostCrew(stack: ExpressStack, crew: CrewToHost, given: pulumi.CustomResourceOptions): HostedCrew {
  const { config, shared } = stack;
  const { agent } = crew;
  const { id } = agent;
  const common = commonInputs(config.aws, id);
  const options = withCommonInputs(common, given);
  const made = makeCrew(shared, config, crew, options);
  const { environment, image, logGroup, secrets } = made;
  const service = makeService(stack, crew, made, options);
  watch(
    { ...watchedAgent(agent), aws: config.aws, name: shared.name, logGroup: logGroup.name },
    { express: { cluster: shared.cluster.name, service: service.serviceArn } },
    options,
  );
  const rollout = new EcsRollout(
    id,
    {
      access: shared.access,
      agentId: id,
      cluster: shared.cluster.name,
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
    publishIdentity(identity, identityOptions) {
      const parameter = made.identityParameter;
      publishBySsm({ agentId: id, parameter, url, identity }, withCommonInputs(common, identityOptions));
    },
  };
}

function makeService(
  { config, shared, infrastructureRole, securityGroup }: ExpressStack,
  { agent }: CrewToHost,
  { environment, image, logGroup, outliveService, secrets, taskRole }: EcsCrew,
  options: pulumi.CustomResourceOptions,
): aws.ecs.ExpressGatewayService {
  const { id, resources } = agent;
  const { subnetIds, jobMinutes } = config.aws;
  const network =
    securityGroup && subnetIds
      ? [{ subnets: subnetIds.toSorted(), securityGroups: [securityGroup.id] }]
      : undefined;
  return new aws.ecs.ExpressGatewayService(
    id,
    {
      // No serviceName: AWS generates one, because a name cannot be reused soon after a destroy.
      cluster: shared.cluster.name,
      executionRoleArn: shared.executionRole.arn,
      infrastructureRoleArn: infrastructureRole.arn,
      taskRoleArn: taskRole.arn,
      cpu: String(resources.cpu),
      memory: String(resources.memory),
      healthCheckPath: HEALTH_PATH,
      ...(network ? { networkConfigurations: network } : {}),
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
          // Explicit although it is optional, because the default is 20.
          maxTaskCount: resources.autoscaling?.max ?? resources.instances,
          autoScalingMetric: "AVERAGE_CPU",
          autoScalingTargetValue: resources.autoscaling?.cpuPercent ?? CPU_PERCENT,
        },
      ],
    },
    {
      ...options,
      dependsOn: [...(securityGroup?.rules ?? []), ...infrastructureRole.rights, ...outliveService],
      customTimeouts: serviceTimeouts(jobMinutes),
    },
  );
}
