import { posix } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Place } from "../../../providers/shared-crew/index.ts";
import type { StackConfig } from "../../config.ts";
import {
  type CrewSecret,
  runtimeEnvironment,
  runtimeSecrets,
  sortedEnvironment,
  tracesEnvironment,
} from "../../crews/environment.ts";
import { type Agent, RUNTIME_CONFINEMENT } from "../../declarations/index.ts";
import { ownTags } from "../../hosting/ecs/tags.ts";
import { albUrl } from "../../hosting/ecs/url.ts";
import { parameterPath } from "../../hosting/names.ts";
import { SHARED_SERVICE, serviceStack, sharedPath } from "../../hosting/shared/names.ts";
import { watch } from "../ecs/alarms.ts";
import { type AlbStack, awaitRollout, makeService, makeTask, useAlb } from "../ecs/alb.ts";
import { commonInputs, withCommonInputs } from "../ecs/common-inputs.ts";
import { sharedPolicy } from "../ecs/policies.ts";
import { type Role, makeTaskRole } from "../ecs/roles.ts";
import { type Route, makeRoute } from "../ecs/route.ts";
import { storeSecrets } from "../ecs/secrets.ts";
import { GRACE_SECONDS } from "../ecs/timeouts.ts";
import type { HostingContext } from "../hosting.ts";
import { SharedCrews } from "./component.ts";
import type { SharedSecrets, SharedService } from "./service.ts";

/** The path that the load balancer asks: it says that the service is up, whatever its agents are. */
const HEALTH_PATH = "/healthz";

const pathOfService = ({ shared }: StackConfig) =>
  sharedPath(pulumi.getProject(), serviceStack(shared, pulumi.getStack()));
/** What the names of its agents' parameters begin with. */
const parametersPath = (config: StackConfig) => parameterPath(`${pathOfService(config)}/agents/`);

/** Makes the service on ECS behind the stack's load balancer, with one rule, however many agents it has. */
export async function ecsService(context: HostingContext): Promise<SharedService> {
  const { config } = context;
  const agents = agentsPlace(config);
  const ready = config.shared.of === undefined ? await ownService(context, agents) : [];
  return {
    url: albUrl(config.aws.domain ?? "", config.shared.name),
    place: agents,
    platform: config.aws.platform,
    ready,
    instances: config.shared.instances,
    jobSeconds: config.aws.jobMinutes * 60,
    passSecrets: (agent, secrets, own) =>
      storeInParameter(config, { agent, secrets }, withCommonInputs(commonInputs(config.aws, agent.id), own)),
  };
}

/** Makes this stack's own service, and returns what must be up before agents come. */
async function ownService(context: HostingContext, agents: BucketPlace): Promise<pulumi.Resource[]> {
  const alb = await useAlb(context);
  const common = commonInputs(context.config.aws, SHARED_SERVICE);
  const options = withCommonInputs(common, { parent: new SharedCrews(SHARED_SERVICE) });
  const { rollout, record } = makeEcsService(alb, agents, options);
  return [rollout, record];
}

type BucketPlace = Extract<Place, { readonly kind: "bucket" }>;

/** Returns where the service reads its agents: in the stack's bucket, beside their large documents. */
function agentsPlace(config: StackConfig): BucketPlace {
  const { documents, aws, shared } = config;
  if (!documents) throw new Error("masumi:documents is missing");
  const { bucket, region = aws.region ?? "", profile = aws.profile, prefix: all = "" } = documents;
  const prefix = posix.join(
    all,
    pulumi.getProject(),
    serviceStack(shared, pulumi.getStack()),
    SHARED_SERVICE,
  );
  return { kind: "bucket", bucket: { bucket, region, ...(profile ? { profile } : {}) }, prefix };
}

function makeEcsService(alb: AlbStack, agents: BucketPlace, options: pulumi.CustomResourceOptions) {
  const { config, domain, shared } = alb;
  const { name, cpu, memory, instances } = config.shared;
  const id = SHARED_SERVICE;
  const taskRole = makeRole(alb, agents, options);
  const logGroup = new aws.cloudwatch.LogGroup(
    id,
    { name: pathOfService(config), retentionInDays: config.aws.logRetentionDays },
    options,
  );
  const route = makeRoute({ id, host: `${name}.${domain}`, healthPath: HEALTH_PATH }, alb, options);
  const task = makeTask(
    alb,
    {
      id,
      resources: { cpu, memory },
      image: shared.images.runtimeReference(),
      environment: environmentOf(alb, agents),
      secrets: storeSecrets({ stack: shared.name, agentId: id }, runtimeSecrets(config), options),
      logGroup,
      taskRole,
      isOurRuntime: true,
      confinement: RUNTIME_CONFINEMENT,
      hasLargeDocuments: false,
    },
    options,
  );
  const outliveService = [...shared.cluster.ready, ...shared.executionRole.rights, ...taskRole.rights];
  const service = makeService(alb, { id, resources: { instances }, task, route, outliveService }, options);
  watchService(alb, { route, logGroup }, options);
  return { rollout: awaitRollout(alb, { id, service, task, logGroup }, options), record: route.record };
}

/** No agent changes what is watched: payments are, whether or not an agent takes some now. */
function watchService(
  { config, shared, loadBalancer }: AlbStack,
  { route, logGroup }: { readonly route: Route; readonly logGroup: aws.cloudwatch.LogGroup },
  options: pulumi.CustomResourceOptions,
): void {
  watch(
    {
      id: SHARED_SERVICE,
      title: "the shared crew service",
      instances: config.shared.instances,
      takesPayments: true,
      hasManyAgents: true,
      aws: config.aws,
      name: shared.name,
      logGroup: logGroup.name,
    },
    { behind: { loadBalancer: loadBalancer.arn, targetGroup: route.targetGroup.arn } },
    options,
  );
}

function environmentOf({ config, domain }: AlbStack, agents: BucketPlace) {
  const own = runtimeEnvironment({
    graceSeconds: GRACE_SECONDS,
    proxyHops: config.aws.proxyHops,
    publicUrl: albUrl(domain, config.shared.name),
  });
  return sortedEnvironment({
    AGENTS: `s3://${agents.bucket.bucket}/${agents.prefix}`,
    // The image names the file of a crew of one agent.
    AGENT_DECLARATION: "",
    AGENT_SECRETS: parametersPath(config),
    ...(config.shared.code ? { SHARED_CODE: "1" } : {}),
    ...tracesEnvironment(config),
    ...own,
  });
}

function makeRole(
  { config, shared }: AlbStack,
  agents: BucketPlace,
  options: pulumi.CustomResourceOptions,
): Role {
  const { place, cluster } = shared;
  const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
  const policy = cluster.arn.apply((clusterArn) =>
    sharedPolicy({
      place,
      clusterArn,
      bucket: agents.bucket.bucket,
      prefix: agents.prefix,
      parameters: parametersPath(config),
      tags: ownTags(project, stack, SHARED_SERVICE),
      tasksAreTagged: true,
    }),
  );
  const owner = [config.owner, project, stack];
  return makeTaskRole({ agentId: SHARED_SERVICE, owner, place, policy }, options);
}

/** Stores an agent's secrets in one parameter of its own, which the service reads when the agent's settings say that they changed. */
function storeInParameter(
  config: StackConfig,
  { agent, secrets }: { readonly agent: Agent; readonly secrets: ReadonlyMap<string, CrewSecret> },
  options: pulumi.CustomResourceOptions,
): SharedSecrets {
  const { kmsKeyArn } = config.aws;
  const values = Object.fromEntries([...secrets].map(([variable, { value }]) => [variable, value]));
  const parameter = new aws.ssm.Parameter(
    agent.id,
    {
      name: `${parametersPath(config)}${agent.id}`,
      type: "SecureString",
      description: "The secrets of an agent of the shared crew service",
      value: pulumi.secret(pulumi.jsonStringify(values)),
      ...(kmsKeyArn ? { keyId: kmsKeyArn } : {}),
    },
    options,
  );
  return { secretsVersion: parameter.version };
}
