import type { ContainerDefinition } from "@aws-sdk/client-ecs";
import { z } from "zod";
import { type Aws, ifThere, told, until } from "./clients.ts";
import { resource, tagged } from "./types.ts";

export const cluster = resource({
  inputs: z.strictObject({
    ...tagged,
    name: z.string(),
    settings: z.array(z.strictObject({ name: z.literal("containerInsights"), value: z.string() })),
  }),
  outputs: z.object({ arn: z.string() }),
  autoName: { input: "name" },

  async create({ name, settings }, { client }) {
    const ecs = await client.ecs();
    const { cluster: made } = await ecs.createCluster({ clusterName: name, settings });
    const arn = told(made?.clusterArn, "the cluster's ARN");
    return { id: arn, outputs: { arn } };
  },
  async read(id, known, { client }) {
    const ecs = await client.ecs();
    const { clusters = [] } = await ecs.describeClusters({ clusters: [id] });
    return clusters.some(({ status }) => status === "ACTIVE") ? known : undefined;
  },
  async delete(id, _old, { client }) {
    const ecs = await client.ecs();
    await ifThere(ecs.deleteCluster({ cluster: id }));
  },
});

export const clusterCapacityProviders = resource({
  inputs: z.strictObject({ clusterName: z.string(), capacityProviders: z.array(z.string()) }),
  outputs: z.object({}),

  async create({ clusterName, capacityProviders }, { client }) {
    await putProviders(client, clusterName, capacityProviders);
    return { id: clusterName, outputs: {} };
  },
  async read(id, known, { client }) {
    const ecs = await client.ecs();
    const { clusters = [] } = await ecs.describeClusters({ clusters: [id] });
    return clusters.some(({ status }) => status === "ACTIVE") ? known : undefined;
  },
  async delete(id, _old, { client }) {
    await ifThere(putProviders(client, id, []));
  },
});

async function putProviders(client: Aws, clusterName: string, capacityProviders: string[]): Promise<void> {
  const ecs = await client.ecs();
  await ecs.putClusterCapacityProviders({
    cluster: clusterName,
    capacityProviders,
    defaultCapacityProviderStrategy: [],
  });
}

/** Every change is another revision; the one before is deregistered. */
export const taskDefinition = resource({
  inputs: z.strictObject({
    ...tagged,
    family: z.string(),
    requiresCompatibilities: z.array(z.literal("FARGATE")),
    networkMode: z.literal("awsvpc"),
    cpu: z.string(),
    memory: z.string(),
    executionRoleArn: z.string(),
    taskRoleArn: z.string(),
    runtimePlatform: z.strictObject({
      operatingSystemFamily: z.literal("LINUX"),
      cpuArchitecture: z.enum(["X86_64", "ARM64"]),
    }),
    volumes: z.array(z.strictObject({ name: z.string() })).optional(),
    containerDefinitions: z.string(),
  }),
  outputs: z.object({ arn: z.string(), revision: z.number() }),

  async create({ containerDefinitions, ...inputs }, { client }) {
    const ecs = await client.ecs();
    const given = { ...inputs, tags: undefined };
    const { taskDefinition: made } = await ecs.registerTaskDefinition({
      ...given,
      containerDefinitions: JSON.parse(containerDefinitions) as ContainerDefinition[],
    });
    const arn = told(made?.taskDefinitionArn, "the task definition's ARN");
    return { id: given.family, outputs: { arn, revision: told(made?.revision, "the revision") } };
  },
  async read(_id, known, { client }) {
    const ecs = await client.ecs();
    const found = await ifThere(ecs.describeTaskDefinition({ taskDefinition: known.outputs.arn }));
    return found?.taskDefinition?.status === "ACTIVE" ? known : undefined;
  },
  async delete(_id, { outputs }, { client }) {
    const ecs = await client.ecs();
    await ifThere(ecs.deregisterTaskDefinition({ taskDefinition: outputs.arn }));
  },
});

const serviceInputs = z.strictObject({
  ...tagged,
  name: z.string(),
  cluster: z.string(),
  taskDefinition: z.string(),
  desiredCount: z.number(),
  capacityProviderStrategies: z.array(z.strictObject({ capacityProvider: z.string(), weight: z.number() })),
  forceNewDeployment: z.boolean(),
  networkConfiguration: z.strictObject({
    subnets: z.array(z.string()),
    securityGroups: z.array(z.string()),
    assignPublicIp: z.boolean(),
  }),
  loadBalancers: z.array(
    z.strictObject({ targetGroupArn: z.string(), containerName: z.string(), containerPort: z.number() }),
  ),
  healthCheckGracePeriodSeconds: z.number(),
  deploymentMinimumHealthyPercent: z.number(),
  deploymentMaximumPercent: z.number(),
  deploymentCircuitBreaker: z.strictObject({ enable: z.boolean(), rollback: z.boolean() }),
  enableEcsManagedTags: z.boolean(),
  propagateTags: z.literal("SERVICE"),
});

/** What a service can be told when it is made, and afterwards. */
const settingsOf = (given: z.infer<typeof serviceInputs>) => ({
  cluster: given.cluster,
  taskDefinition: given.taskDefinition,
  desiredCount: given.desiredCount,
  capacityProviderStrategy: given.capacityProviderStrategies,
  networkConfiguration: {
    awsvpcConfiguration: {
      subnets: given.networkConfiguration.subnets,
      securityGroups: given.networkConfiguration.securityGroups,
      assignPublicIp: given.networkConfiguration.assignPublicIp
        ? ("ENABLED" as const)
        : ("DISABLED" as const),
    },
  },
  loadBalancers: given.loadBalancers,
  healthCheckGracePeriodSeconds: given.healthCheckGracePeriodSeconds,
  deploymentConfiguration: {
    minimumHealthyPercent: given.deploymentMinimumHealthyPercent,
    maximumPercent: given.deploymentMaximumPercent,
    deploymentCircuitBreaker: given.deploymentCircuitBreaker,
  },
  enableECSManagedTags: given.enableEcsManagedTags,
  propagateTags: given.propagateTags,
});

export const service = resource({
  inputs: serviceInputs,
  outputs: z.object({ arn: z.string() }),
  replaces: ["name", "cluster"],
  autoName: { input: "name" },

  async create(given, { client }) {
    const ecs = await client.ecs();
    const { service: made } = await ecs.createService({ ...settingsOf(given), serviceName: given.name });
    const arn = told(made?.serviceArn, "the service's ARN");
    return { id: arn, outputs: { arn } };
  },
  async read(id, known, { client }) {
    const ecs = await client.ecs();
    const { services = [] } = await ecs.describeServices({
      cluster: known.inputs.cluster,
      services: [id],
    });
    const found = services.find(({ status }) => status === "ACTIVE");
    if (!found) return undefined;
    const { taskDefinition: running, desiredCount } = found;
    return {
      ...known,
      inputs: {
        ...known.inputs,
        taskDefinition: told(running, "what the service runs"),
        desiredCount: told(desiredCount, "how many tasks are desired"),
      },
    };
  },
  async update(id, given, { outputs }, { client }) {
    const ecs = await client.ecs();
    await ecs.updateService({
      ...settingsOf(given),
      service: id,
      forceNewDeployment: given.forceNewDeployment,
    });
    return outputs;
  },
  /** As the provider does it: to zero first, since AWS removes no service that runs, and then until it is gone. */
  async delete(id, { inputs }, { client, signal }) {
    const ecs = await client.ecs();
    const at = { cluster: inputs.cluster, service: id };
    if (!(await ifThere(ecs.updateService({ ...at, desiredCount: 0 })))) return;
    await ifThere(ecs.deleteService(at));
    await until(async () => {
      const found = await ifThere(ecs.describeServices({ cluster: inputs.cluster, services: [id] }));
      return (found?.services ?? []).every(({ status }) => status === "INACTIVE");
    }, signal);
  },
});
