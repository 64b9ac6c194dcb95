import { readHostingSettings } from "../../infra/config.ts";
import type { Agent } from "../../infra/declarations/index.ts";
import { type LogPlace, logPlaceOf } from "../../infra/fleet/index.ts";
import { loadStackAgents } from "../agents.ts";
import { readNetwork } from "../network.ts";
import { type CallOptions, type Project, projectName } from "../project.ts";
import { unknownAgent } from "../unknown-agent.ts";
import { UserError } from "../user-error.ts";
import { readCloudWatch } from "./cloudwatch.ts";
import { readDocker } from "./docker.ts";
import { readFile } from "./file.ts";
import { type LogRange, type LogReader, isOfAnother } from "./reader.ts";
import { SHARED_SERVICE } from "../../providers/crew-process/local/index.ts";

/** The log of an agent. */
export interface AgentLog {
  readonly agentId: string;
  readonly place: LogPlace;
}

/**
 * Return where the logs of a stack's agents are: of one, or of all that this stack runs.
 *
 * @throws UserError when there is no such agent, or its log cannot be read from here
 */
export function findLogs(
  project: Project,
  stack: string,
  wanted: string | undefined,
  env: CallOptions["env"],
): AgentLog[] {
  const { agents, logs: all } = findAllLogs(project, stack, env);
  if (wanted !== undefined && !agents.some(({ id }) => id === wanted))
    throw unknownAgent(stack, wanted, agents);
  const logs = all.filter(({ agentId }) => wanted === undefined || agentId === wanted);
  if (logs.length > 0) return wanted === undefined ? eachOnce(logs) : logs;
  throw new UserError(
    wanted === undefined
      ? `Stack ${stack} runs no agent whose log can be read from here.`
      : `${wanted} is not run by this stack: its log is where it runs.`,
  );
}

/** Return a stack's agents, and where the log is of each that it runs. */
export function findAllLogs(
  project: Project,
  stack: string,
  env: CallOptions["env"],
): { readonly agents: readonly Agent[]; readonly logs: readonly AgentLog[] } {
  // What is wrong with a file is no reason to keep a log back.
  const { readable: agents } = loadStackAgents(project, stack);
  const { settings } = readNetwork(project, stack);
  const context = {
    settings: readHostingSettings(stack, settings, env),
    projectRoot: project.root,
    project: projectName(project),
    stack,
  };
  const logs = agents.flatMap((agent) => {
    const place = logPlaceOf(context, agent);
    return place ? [{ agentId: agent.id, place }] : [];
  });
  return { agents, logs };
}

/** Puts the log that the agents of the shared crew service have in common in the place of theirs. */
function eachOnce(logs: readonly AgentLog[]): AgentLog[] {
  const own = logs.filter(({ place }) => place.agentId === undefined);
  const shared = logs.find(({ place }) => place.agentId !== undefined);
  if (!shared) return own;
  const { agentId: _first, ...place } = shared.place;
  return [...own, { agentId: SHARED_SERVICE, place }];
}

/** Read an agent's log: at an end if it is not followed, else until the signal. @throws UserError when it cannot be read */
export const readLog = (
  { place }: AgentLog,
  range: LogRange,
  options: Parameters<LogReader<LogPlace>>[2],
): Promise<void> => {
  const { agentId } = place;
  const keeps = agentId === undefined ? undefined : (line: string) => !isOfAnother(line, agentId);
  const selected = { ...options, keeps };
  if (place.kind === "file") return readFile(place, range, selected);
  if (place.kind === "docker") return readDocker(place, range, selected);
  return readCloudWatch(place, range, selected);
};
