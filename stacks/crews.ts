import { type Agent, hostedBy } from "../infra/declarations/index.ts";
import {
  type RecordedCrew,
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
    log: logFile(crewHome(project.root, crew.agentId)),
  }));

/** An agent, and its crew if that is a process of this machine. */
export interface AgentWithCrew extends AgentStatus {
  readonly crew: Pick<CrewHere, "isAlive" | "pid" | "log"> | null;
}

/** Return agents with their crews, which are known by their URLs. */
export function withCrews(project: Project, agents: readonly AgentStatus[]): AgentWithCrew[] {
  const crews = crewsHere(project);
  return agents.map((agent) => {
    const found = crews.find(({ url }) => url === agent.url);
    return { ...agent, crew: found ? { isAlive: found.isAlive, pid: found.pid, log: found.log } : null };
  });
}

/** Return the crews of these agents that should run on this machine and do not. */
export const deadCrews = (project: Project, agents: readonly Agent[]): CrewHere[] =>
  crewsHere(project).filter(
    ({ agentId, isAlive }) => !isAlive && hostedBy("process", agents).some(({ id }) => id === agentId),
  );

/** Return what happened to a crew that died, and what to do. */
export const deadCrewNotice = ({ agentId, log }: CrewHere, stack: string): string =>
  `The crew of ${agentId} is not running. Start it again with: npx masumi-agents up${stackOption(stack)} (its log: ${log})`;
