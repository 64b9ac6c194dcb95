import { join, posix } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { sha256 } from "../../../providers/common/sha256.ts";
import { buildFolder } from "../../../providers/crew-process/local/index.ts";
import { CrewDrain } from "../../../providers/crew-drain/index.ts";
import {
  type FileBeside,
  type PackagesBeside,
  STACK_VARIABLE,
  SharedAgent,
  SharedIdentity,
} from "../../../providers/shared-crew/index.ts";
import { type AgentFiles, agentFiles } from "../../crews/agent-files.ts";
import { stageContext, textFile } from "../../crews/build-context.ts";
import type { CrewToHost } from "../../crews/crew-to-host.ts";
import { type DatabaseOf, agentDatabases } from "../../crews/database.ts";
import { agentEnvironment, crewSecrets, sortedEnvironment } from "../../crews/environment.ts";
import { type LargeDocuments, storeLargeDocuments } from "../../crews/large-documents.ts";
import { IMAGE_PYTHON, LOCK_FILE } from "../../declarations/index.ts";
import { placeTraits } from "../../hosting/traits.ts";
import type { HostedCrew, HostingContext, HostingFactory } from "../hosting.ts";
import type { SharedService } from "./service.ts";

/** The longest time that the service needs to find and build an agent. */
const SERVED_SECONDS = 180;

/** The same with large documents, which are first fetched, read and embedded, or packages, which are sent and unpacked. */
const SERVED_SECONDS_WITH_LARGE_FILES = 900;

interface SharedStack {
  readonly context: HostingContext;
  readonly service: SharedService;
  readonly databaseOf: DatabaseOf;
}

/** Runs crews in one service, each at a path of its own. An agent comes, changes and goes without the service or any other. */
export const hosting: HostingFactory = async (context) => {
  const service = await makeService(context);
  const databaseOf = agentDatabases(context.config, context.agents);
  const stack = { context, service, databaseOf };
  return { host: (crew, options) => hostAgent(stack, crew, options) };
};

/** Loads what the service's place needs, and no more: this machine needs no cloud. */
async function makeService(context: HostingContext): Promise<SharedService> {
  const { on } = context.config.shared;
  if (on === "docker") return (await import("./docker.ts")).dockerService(context);
  if (on === "ecs-alb") return (await import("./ecs.ts")).ecsService(context);
  return (await import("./process.ts")).processService(context);
}

function hostAgent(stack: SharedStack, crew: CrewToHost, options: pulumi.CustomResourceOptions): HostedCrew {
  const { context, service, databaseOf } = stack;
  const { config, projectRoot } = context;
  const { agent } = crew;
  const { place, instances, jobSeconds } = service;
  const files = agentFiles(projectRoot, config.network, agent);
  const { documents, beside, packages } = filesBeside(stack, crew, files, options);
  const secrets = crewSecrets(agent, config, {
    needsDocumentsKey: documents.needsKey,
    databaseUrl: databaseOf(agent, options),
  });
  const { of, keep } = config.shared;
  const owner = of !== undefined || keep ? { [STACK_VARIABLE]: config.stack } : {};
  const variables = agentEnvironment({ ...crew, config, jobSeconds, documents: documents.environment });
  const url = `${service.url}/${agent.id}`;
  const served = new SharedAgent(
    agent.id,
    {
      agentId: agent.id,
      place,
      url,
      declaration: files.declaration,
      environment: Object.fromEntries(sortedEnvironment({ ...variables, ...service.environment, ...owner })),
      ...service.passSecrets(agent, secrets, options),
      files: beside,
      ...(packages ? { packages } : {}),
      ...(of === undefined ? {} : { joins: true }),
      instances,
      seconds: documents.stored.length > 0 || packages ? SERVED_SECONDS_WITH_LARGE_FILES : SERVED_SECONDS,
    },
    { ...options, dependsOn: [...service.ready, ...documents.stored] },
  );
  return {
    url,
    ready: [served],
    publishIdentity(identity, identityOptions) {
      const { agentIdentifier } = identity;
      const drain = new CrewDrain(agent.id, { url, agentIdentifier }, identityOptions);
      void new SharedIdentity(
        agent.id,
        { agentId: agent.id, place, ...identity },
        { ...identityOptions, dependsOn: [served, drain] },
      );
    },
  };
}

const NO_LARGE_DOCUMENTS: LargeDocuments = {
  stored: [],
  environment: {},
  needsKey: false,
  readableByRole: [],
};

interface FilesBeside {
  readonly documents: LargeDocuments;
  readonly beside: readonly FileBeside[];
  readonly packages?: PackagesBeside;
}

/** Lays out an agent's files for the provider, and stores those that are too large to be beside a declaration elsewhere. */
function filesBeside(
  { context: { config, projectRoot }, service: { platform } }: SharedStack,
  { agent }: CrewToHost,
  { files, large, packages: locked }: AgentFiles,
  options: pulumi.CustomResourceOptions,
): FilesBeside {
  const folder = buildFolder(agent.id, config.stack);
  stageContext(join(projectRoot, folder), [...files, ...(locked ? [textFile(LOCK_FILE, locked.lock)] : [])]);
  // The engine runs the program and its providers in infra/. An absolute path would look changed on each machine.
  const sourceOf = (path: string) => posix.join("..", folder, path);
  const small = files.map(({ path, content }) => ({
    path,
    sha256: sha256(content),
    source: sourceOf(path),
  }));
  const target = platform === undefined ? {} : { target: { platform, python: IMAGE_PYTHON, project: ".." } };
  const packages = locked
    ? { packages: { folder: locked.folder, lock: sourceOf(LOCK_FILE), ...target } }
    : {};
  if (!placeTraits(agent.hosting, agent).readsLocalFiles) {
    return { documents: storeLargeDocuments(agent, large, config, options), beside: small, ...packages };
  }
  const local = large.map(({ path, sha256, source }) => ({ path, sha256, source: posix.join("..", source) }));
  return {
    documents: NO_LARGE_DOCUMENTS,
    beside: [...small, ...local],
    ...packages,
  };
}
