/*
 * What a state keeps of a resource's provider: a text that the engine's provider host evaluates for every operation on the
 * resource, including a delete years later. These texts are therefore frozen: to change what happens, change what the entry
 * point behind a text exports; for a new resource, add a line. Because they are constants, nothing has to be serialised, and
 * changed code does not show up as a changed resource.
 *
 * No text says where the code is. The host runs in the program's folder and resolves the package from there: in a project that
 * depends on masumi-agents as a dependency, in this repository by its own name. A plain `require` would only do the former,
 * because the host evaluates the text as a module without a path.
 */
const door = (folder: string, provider: string) =>
  `exports.handler=()=>require("module").createRequire(process.cwd()+"/")("masumi-agents/providers/${folder}").${provider}`;

/** The frozen text of each resource. `exports` in package.json maps each to its file. */
export const PROVIDER_TEXTS = {
  AgentRegistration: door("masumi", "registration"),
  AgentConfirmation: door("masumi", "confirmation"),
  CrewProcess: door("crew-process", "crewProcess"),
  CrewIdentity: door("crew-process", "crewIdentity"),
  CrewDrain: door("crew-drain", "crewDrain"),
  DockerStart: door("docker", "dockerStart"),
  DockerIdentity: door("docker", "dockerIdentity"),
  DockerImageTag: door("docker", "dockerImageTag"),
  EcsRollout: door("ecs", "ecsRollout"),
  EcrImages: door("ecs", "ecrImages"),
  StoredDocument: door("documents", "storedDocument"),
  DatabaseRole: door("database", "databaseRole"),
  SharedProcess: door("shared-crew", "sharedProcess"),
  SharedAgent: door("shared-crew", "sharedAgent"),
  SharedIdentity: door("shared-crew", "sharedIdentity"),
  AgentRecord: door("records", "agentRecord"),
  RegistrationRecord: door("records", "registrationRecord"),
} as const;

const known: ReadonlySet<string> = new Set(Object.values(PROVIDER_TEXTS));

/** Returns whether a text in a state is one of this package's own, so an engine may evaluate it. */
export const isOwnProviderText = (text: string): boolean => known.has(text);

/**
 * Returns whether a text is that of a resource whose check takes the inputs as they are and whose comparison looks at them alone, so that an engine
 * may leave it alone without asking while its inputs are the same. A registration's is not: it looks at what became of it.
 */
export const isDecidedByInputs = (text: string): boolean => text === PROVIDER_TEXTS.AgentConfirmation;
