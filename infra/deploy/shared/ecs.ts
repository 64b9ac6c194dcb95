import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type CrewSecret, runtimeEnvironment, sortedEnvironment } from "../../crews/environment.ts";
import { type Agent, RUNTIME_CONFINEMENT } from "../../declarations/index.ts";
import { ownTags } from "../../hosting/ecs/tags.ts";
import { albUrl } from "../../hosting/ecs/url.ts";
import { parameterPath } from "../../hosting/names.ts";
import { SHARED_SERVICE, sharedPath } from "../../hosting/shared/names.ts";
import { type AlbStack, awaitRollout, makeService, makeTask, useAlb } from "../ecs/alb.ts";
import { commonInputs, withCommonInputs } from "../ecs/common-inputs.ts";
import { sharedPolicy } from "../ecs/policies.ts";
import { type Role, makeTaskRole } from "../ecs/roles.ts";
import { makeRoute } from "../ecs/route.ts";
import { GRACE_SECONDS } from "../ecs/timeouts.ts";
import type { HostingContext } from "../hosting.ts";
import { type AgentsBucket, PREFIX, makeAgentsBucket } from "./agents-bucket.ts";
import { SharedCrews } from "./component.ts";
import type { SharedSecrets, SharedService } from "./service.ts";

/** The path that the load balancer asks: it says that the service is up, whatever its agents are. */
const HEALTH_PATH = "/healthz";

const pathOfService = () => sharedPath(pulumi.getProject(), pulumi.getStack());
/** What the names of its agents' parameters begin with. */
const parametersPath = () => parameterPath(`${pathOfService()}/agents/`);

/** Makes the service on ECS behind the stack's load balancer, with one rule, however many agents it has. */
export async function ecsService(context: HostingContext): Promise<SharedService> {
  const { config } = context;
  const alb = await useAlb(context);
  const common = commonInputs(config.aws, SHARED_SERVICE);
  const options = withCommonInputs(common, { parent: new SharedCrews(SHARED_SERVICE) });
  const bucket = makeAgentsBucket(alb.shared.name, alb.shared.place, options);
  const { rollout, record } = makeEcsService(alb, bucket, options);
  const { region, profile } = alb.shared.access;
  return {
    url: albUrl(alb.domain, config.shared.name),
    place: { kind: "bucket", bucket: bucket.name, prefix: PREFIX, region, ...(profile ? { profile } : {}) },
    ready: [rollout, record, ...bucket.made],
    instances: config.shared.instances,
    jobSeconds: config.aws.jobMinutes * 60,
    passSecrets: (agent, secrets, own) =>
      storeInParameter(
        config.aws.kmsKeyArn,
        { agent, secrets },
        withCommonInputs(commonInputs(config.aws, agent.id), own),
      ),
  };
}

function makeEcsService(alb: AlbStack, bucket: AgentsBucket, options: pulumi.CustomResourceOptions) {
  const { config, domain, shared } = alb;
  const { name, cpu, memory, instances } = config.shared;
  const id = SHARED_SERVICE;
  const taskRole = makeRole(alb, bucket, options);
  const logGroup = new aws.cloudwatch.LogGroup(
    id,
    { name: pathOfService(), retentionInDays: config.aws.logRetentionDays },
    options,
  );
  const route = makeRoute({ id, host: `${name}.${domain}`, healthPath: HEALTH_PATH }, alb, options);
  const task = makeTask(
    alb,
    {
      id,
      resources: { cpu, memory },
      image: shared.images.runtimeReference(),
      environment: environmentOf(alb, bucket),
      secrets: pulumi.output<Record<string, string>>({}),
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
  return { rollout: awaitRollout(alb, { id, service, task, logGroup }, options), record: route.record };
}

function environmentOf({ config }: AlbStack, bucket: AgentsBucket) {
  const own = runtimeEnvironment({ graceSeconds: GRACE_SECONDS, proxyHops: config.aws.proxyHops });
  return sortedEnvironment({
    AGENTS: `s3://${bucket.name}/${PREFIX}`,
    // The image names the file of a crew of one agent.
    AGENT_DECLARATION: "",
    AGENT_SECRETS: parametersPath(),
    ...(config.shared.code ? { SHARED_CODE: "1" } : {}),
    ...own,
  });
}

function makeRole(
  { config, shared }: AlbStack,
  bucket: AgentsBucket,
  options: pulumi.CustomResourceOptions,
): Role {
  const { place, cluster } = shared;
  const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
  const { documents } = config;
  // With storage other than AWS's, agents have a key for it.
  const readable = documents && !documents.endpoint;
  const folder = [documents?.bucket, documents?.prefix, project, stack].filter(Boolean).join("/");
  const policy = cluster.arn.apply((clusterArn) =>
    sharedPolicy({
      place,
      clusterArn,
      bucket: bucket.name,
      prefix: PREFIX,
      parameters: parametersPath(),
      tags: ownTags(project, stack, SHARED_SERVICE),
      tasksAreTagged: true,
      ...(readable ? { documents: folder } : {}),
    }),
  );
  const owner = [config.owner, project, stack];
  return makeTaskRole({ agentId: SHARED_SERVICE, owner, place, policy }, options);
}

/** Stores an agent's secrets in one parameter of its own, which the service reads when the agent's settings say that they changed. */
function storeInParameter(
  kmsKeyArn: string | undefined,
  { agent, secrets }: { readonly agent: Agent; readonly secrets: ReadonlyMap<string, CrewSecret> },
  options: pulumi.CustomResourceOptions,
): SharedSecrets {
  const values = Object.fromEntries([...secrets].map(([variable, { value }]) => [variable, value]));
  const parameter = new aws.ssm.Parameter(
    agent.id,
    {
      name: `${parametersPath()}${agent.id}`,
      type: "SecureString",
      description: "The secrets of an agent of the shared crew service",
      value: pulumi.secret(pulumi.jsonStringify(values)),
      ...(kmsKeyArn ? { keyId: kmsKeyArn } : {}),
    },
    options,
  );
  return { secretsVersion: parameter.version };
}
