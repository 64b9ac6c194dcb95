/*
 * What a state keeps of a resource's provider: a text that the engine's provider host evaluates whenever it has to do with the
 * resource, also for a delete years later. So these texts are frozen: to change what happens, change what the door behind one
 * exports; for a new resource, add a line. Being constants, they cost no serialisation, and no change of code shows as a change of
 * a resource.
 *
 * None says where the code lies. The host runs in the program's folder, and resolves the package from there: in a project that
 * depends on masumi-agents as a dependency, in this repository by its own name. A plain `require` would do only the former, as the
 * host evaluates the text as a module without a place of its own.
 */
const door = (folder: string, provider: string) =>
  `exports.handler=()=>require("module").createRequire(process.cwd()+"/")("masumi-agents/providers/${folder}").${provider}`;

/** The frozen text of each resource. Where each leads is in package.json, under `exports`. */
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
} as const;

const known: ReadonlySet<string> = new Set(Object.values(PROVIDER_TEXTS));

/** Whether a text that a state keeps is one of this package's own, so that an engine may evaluate it. */
export const isOwnProviderText = (text: string): boolean => known.has(text);
