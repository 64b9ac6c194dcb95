import { type Agent, processesOf } from "../infra/declarations/index.ts";
import {
  type RecordedCrew,
  SHARED_SERVICE,
  crewHome,
  crewUrl,
  logFile,
  recordedCrews,
} from "../providers/crew-process/local/index.ts";
import type { AgentStatus } from "./outputs.ts";
import { type Project, stackOption } from "./project.ts";

/** A crew that is a process of this machine. */
export interface CrewHere extends RecordedCrew {
  readonly url: string;
  readonly log: string;
}

/** Return the crews that runs have started on this machine and not stopped since; those that died have `isAlive: false`. */
export const crewsHere = (project: Project): CrewHere[] =>
  recordedCrews(project.root).map((crew) => ({
    ...crew,
    url: crewUrl(crew.port),
    log: logFile(crew.home),
  }));

/** An agent, and its crew if that is a process of this machine. */
export interface AgentWithCrew extends AgentStatus {
  readonly crew: Pick<CrewHere, "isAlive" | "pid" | "log"> | null;
}

/** Return the crew that an agent is reached at: its own, or the shared crew service, below whose URL its agents are. */
export const crewAt = (crews: readonly CrewHere[], agentUrl: string): CrewHere | undefined =>
  crews.find(({ url, agentId }) =>
    agentId === SHARED_SERVICE ? agentUrl.startsWith(`${url}/`) : agentUrl === url,
  );

/** Return agents with their crews, which are known by their URLs. */
export function withCrews(project: Project, agents: readonly AgentStatus[]): AgentWithCrew[] {
  const crews = crewsHere(project);
  return agents.map((agent) => {
    const found = crewAt(crews, agent.url);
    return { ...agent, crew: found ? { isAlive: found.isAlive, pid: found.pid, log: found.log } : null };
  });
}

/** Return the crew of one of a stack's agents; undefined if it was not started. */
export const crewOf = (project: Project, stack: string, agentId: string): CrewHere | undefined =>
  crewsHere(project).find(({ home }) => home === crewHome(project.root, agentId, stack));

/** Return the crews of a stack's agents that should run on this machine and do not. */
export const deadCrews = (project: Project, stack: string, agents: readonly Agent[]): CrewHere[] => {
  const homes = new Set(processesOf(agents).map((id) => crewHome(project.root, id, stack)));
  return crewsHere(project).filter(({ home, isAlive }) => !isAlive && homes.has(home));
};

/** Return what a crew of this machine is called in a sentence. */
export const crewName = ({ agentId }: Pick<CrewHere, "agentId">): string =>
  agentId === SHARED_SERVICE ? "the shared crew service" : `the crew of ${agentId}`;

/** Return what happened to a crew that died, and what to do. */
export const deadCrewNotice = (crew: CrewHere, stack: string): string =>
  `${capitalized(crewName(crew))} is not running. Start it again with: npx masumi-agents up${stackOption(stack)} (its log: ${crew.log})`;

const capitalized = (text: string): string => `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}`;
