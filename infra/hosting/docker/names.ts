import { NAMES, acceptedName } from "../names.ts";

/** Returns the name of an agent's container, and of its volume. */
export const containerName = (project: string, stack: string, agentId: string): string =>
  `${containerPrefix(project, stack)}-${agentId}`;

/** Returns what the names of a stack's containers, volumes and images begin with. */
export const containerPrefix = (project: string, stack: string): string =>
  acceptedName(NAMES.docker, `${project}-${stack}`.toLowerCase());
