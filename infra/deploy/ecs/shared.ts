import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { CrewImages } from "../../crews/crew-image.ts";
import type { StackConfig } from "../../config.ts";
import { type DatabaseOf, agentDatabases } from "../../crews/database.ts";
import { type Agent, HOSTINGS, hostedBy, runsInRuntime } from "../../declarations/index.ts";
import { type AwsAccess, EcrImages } from "../../../providers/ecs/index.ts";
import { type LargeDocuments, storeLargeDocuments } from "../../crews/large-documents.ts";
import { type CrewSecret, containerEnvironment, crewSecrets } from "../../crews/environment.ts";
import { identityContent } from "../../../providers/common/agent-identity.ts";
import { CrewDrain } from "../../../providers/crew-drain/index.ts";
import type { CrewToHost } from "../../crews/crew-to-host.ts";
import { agentPath } from "../../hosting/ecs/names.ts";
import { ownTags } from "../../hosting/ecs/tags.ts";
import type { HostingContext, IdentityOutputs } from "../hosting.ts";
import { NAMES, acceptedName, parameterPath } from "../../hosting/names.ts";
import { TRAITS } from "../../hosting/traits.ts";
import { type Cluster, useCluster } from "./cluster.ts";
import { commonInputs, withCommonInputs } from "./common-inputs.ts";
import { type AwsPlace, agentPolicy } from "./policies.ts";
import { makeRepository } from "./repository.ts";
import { type Role, makeExecutionRole, makeTaskRole } from "./roles.ts";
import { type SecretReferences, secretArns, storeSecrets } from "./secrets.ts";
import { GRACE_SECONDS } from "./timeouts.ts";

/** What all crews of a stack on AWS share, however they are reached. */
export interface SharedEcs {
  /** Logical name of shared resources. */
  readonly name: string;
  /** Makes a component the parent, so the stack's resources form a tree. */
  readonly options: { readonly parent: pulumi.ComponentResource };
  readonly place: AwsPlace;
  readonly cluster: Cluster;
  /** How the program's own resources access AWS. */
  readonly access: AwsAccess;
  readonly images: CrewImages;
  /** The name of the repository that holds them. */
  readonly repository: pulumi.Output<string>;
  readonly executionRole: Role;
  /** The secrets that several agents may get. */
  readonly secrets: SecretReferences;
  readonly databaseOf: DatabaseOf;
}

/** The parts of one crew that do not depend on how it is reached. */
export interface EcsCrew {
  readonly image: pulumi.Output<string>;
  /** What must be removed only after the service. */
  readonly outliveService: pulumi.Resource[];
  readonly environment: ReadonlyMap<string, string>;
  readonly logGroup: aws.cloudwatch.LogGroup;
  readonly taskRole: Role;
  readonly identityParameter: string;
  readonly hasLargeDocuments: boolean;
  /** ARNs of its secrets by environment variable. */
  readonly secrets: pulumi.Output<Record<string, string>>;
}

class EcsHosting extends pulumi.ComponentResource {
  constructor(name: string) {
    super("masumi:index:EcsHosting", name, {});
    this.registerOutputs({});
  }
}

/** One per program run; ecs-alb and ecs-express share it if a stack uses both. */
const made = new WeakMap<HostingContext, Promise<SharedEcs>>();

export function shareEcs(context: HostingContext): Promise<SharedEcs> {
  const known = made.get(context);
  if (known) return known;
  const shared = makeShared(context);
  made.set(context, shared);
  return shared;
}

async function makeShared({ config, projectRoot, agents }: HostingContext): Promise<SharedEcs> {
  const { accountId, arn } = await aws.getCallerIdentity({});
  const [, partition = "aws"] = arn.split(":");
  const { region = "", rolePath, permissionsBoundary, kmsKeyArn } = config.aws;
  const place = { partition, region, accountId, rolePath, permissionsBoundary, kmsKeyArn };
  const name = acceptedName(NAMES.shared, `${pulumi.getProject()}-${pulumi.getStack()}`);
  const options = withCommonInputs(commonInputs(config.aws), { parent: new EcsHosting(name) });
  const secrets = storeSecrets({ stack: name }, sharedSecrets(config, agents), options);
  const repository = makeRepository(name, options);
  const { profile } = config.aws;
  return {
    name,
    options,
    place,
    access: { region: place.region, ...(profile ? { profile } : {}) },
    secrets,
    databaseOf: agentDatabases(config, agents),
    cluster: useCluster(name, config.aws, options),
    executionRole: makeExecutionRole(name, place, pulumi.output([secretArns(name, place)]), options),
    images: new CrewImages(
      {
        projectRoot,
        network: config.network,
        platform: config.aws.platform,
        store: repository,
      },
      options,
    ),
    repository: repository.name,
  };
}

export function makeCrew(
  shared: SharedEcs,
  config: StackConfig,
  { url, ...crew }: CrewToHost & { readonly url?: string },
  options: pulumi.CustomResourceOptions,
): EcsCrew {
  const { agent } = crew;
  const path = agentPath(pulumi.getProject(), pulumi.getStack(), agent.id);
  const identityParameter = parameterPath(`${path}/identity`);
  const images = builtImages(shared, agent, options);
  const documents = storeLargeDocuments(agent, shared.images.largeFilesOf(agent), config, options);
  const taskRole = makeAgentRole(shared, config, { agent, documents, identityParameter }, options);
  return {
    image: shared.images.reference(agent, options),
    // Without the permissions of its roles, a removed service would stay in DRAINING.
    outliveService: [
      ...documents.stored,
      ...images,
      ...shared.cluster.ready,
      ...shared.executionRole.rights,
      ...taskRole.rights,
    ],
    identityParameter,
    hasLargeDocuments: documents.stored.length > 0,
    secrets: secretsOf(shared, { config, agent, documents }, options),
    environment: containerEnvironment({
      ...crew,
      documents: documents.environment,
      config,
      identity: { ssmParameter: identityParameter },
      jobSeconds: config.aws.jobMinutes * 60,
      graceSeconds: GRACE_SECONDS,
      proxyHops: config.aws.proxyHops,
      ...(url !== undefined && runsInRuntime(agent) ? { publicUrl: url } : {}),
    }),
    logGroup: new aws.cloudwatch.LogGroup(
      agent.id,
      { name: path, retentionInDays: config.aws.logRetentionDays },
      options,
    ),
    taskRole,
  };
}

interface AgentRoleParts {
  readonly agent: Agent;
  readonly documents: LargeDocuments;
  readonly identityParameter: string;
}

function makeAgentRole(
  { cluster, place }: SharedEcs,
  config: StackConfig,
  { agent, documents, identityParameter }: AgentRoleParts,
  options: pulumi.CustomResourceOptions,
): Role {
  const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
  const policy = cluster.arn.apply((clusterArn) =>
    agentPolicy({
      documents: documents.readableByRole,
      place,
      clusterArn,
      identityParameter,
      tags: ownTags(project, stack, agent.id),
      // Of Express services AWS does not say so.
      tasksAreTagged: agent.hosting === "ecs-alb",
    }),
  );
  return makeTaskRole({ agentId: agent.id, owner: [config.owner, project, stack], place, policy }, options);
}

/** Removes what was built for an agent with it; an image of somebody else's is none of ours. */
const builtImages = (
  { access, repository }: SharedEcs,
  { id, source }: Agent,
  options: pulumi.CustomResourceOptions,
): EcrImages[] =>
  source.kind === "image" ? [] : [new EcrImages(id, { access, agentId: id, repository }, options)];

/** Returns those secrets of the stack's agents on ECS that are no agent's own. */
function sharedSecrets(config: StackConfig, agents: readonly Agent[]): Record<string, CrewSecret["value"]> {
  const hosted = HOSTINGS.filter((kind) => TRAITS[kind].cloud === "aws").flatMap((kind) =>
    hostedBy(kind, agents),
  );
  const needsDocumentsKey = config.documents?.endpoint !== undefined;
  const all = hosted.flatMap((agent) => [...crewSecrets(agent, config, { needsDocumentsKey })]);
  return Object.fromEntries(
    all.flatMap(([variable, { value, isOwn }]) => (isOwn ? [] : [[variable, value]])),
  );
}

interface SecretParts {
  readonly config: StackConfig;
  readonly agent: Agent;
  readonly documents: LargeDocuments;
}

/** Returns what an agent gets of the shared secrets, and stores its own. */
function secretsOf(
  { name, secrets, databaseOf }: SharedEcs,
  { config, agent, documents }: SecretParts,
  options: pulumi.CustomResourceOptions,
): SecretReferences {
  const databaseUrl = databaseOf(agent, options);
  const all = [...crewSecrets(agent, config, { needsDocumentsKey: documents.needsKey, databaseUrl })];
  const own = all.flatMap(([variable, { value, isOwn }]) => (isOwn ? [[variable, value] as const] : []));
  const stored = storeSecrets({ stack: name, agentId: agent.id }, Object.fromEntries(own), options);
  const isGiven = new Set(all.map(([variable]) => variable));
  return pulumi.all([secrets, stored]).apply(([shared, mine]) => ({
    ...Object.fromEntries(Object.entries(shared).filter(([variable]) => isGiven.has(variable))),
    ...mine,
  }));
}

export interface SsmIdentityArgs {
  readonly agentId: string;
  readonly parameter: string;
  /** The agent's URL. */
  readonly url: pulumi.Input<string>;
  readonly identity: IdentityOutputs;
}

/**
 * Passes a crew its identity in an SSM parameter, which the runtime reads every 30 seconds. Without the parameter a crew
 * takes no jobs: before it is registered, and as soon as the parameter of a removed agent is deleted, which happens first.
 * CrewDrain then waits until the crew reports that it takes no jobs.
 */
export function publishBySsm(args: SsmIdentityArgs, options: pulumi.CustomResourceOptions): void {
  const { agentId, parameter, url, identity } = args;
  const { agentIdentifier } = identity;
  const drain = new CrewDrain(agentId, { url, agentIdentifier }, options);
  void new aws.ssm.Parameter(
    agentId,
    {
      name: parameter,
      type: "String",
      description: "The agent's identifier on the Masumi network, for its crew",
      value: pulumi.jsonStringify(identityContent(identity, false)),
    },
    { ...options, dependsOn: [drain] },
  );
}
