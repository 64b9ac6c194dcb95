import { SHARED_SERVICE } from "../../../providers/crew-process/local/index.ts";
import { containerName } from "../docker/names.ts";
import { agentPath } from "../ecs/names.ts";

export { SHARED_SERVICE };

/** Returns the name of the service's container, and of its volume and network. */
export const sharedContainer = (project: string, stack: string): string =>
  containerName(project, stack, SHARED_SERVICE);

/** Returns the path that the names of the service's log group and of its agents' parameters begin with. */
export const sharedPath = (project: string, stack: string): string =>
  agentPath(project, stack, SHARED_SERVICE);

/** Returns the stack that the service belongs to, which masumi:shared.of may say is another one. */
export const serviceStack = (shared: { readonly of?: string }, stack: string): string => shared.of ?? stack;

/** Paths that the service answers by itself, so no agent can be reached there. */
const PATHS: ReadonlySet<string> = new Set(["availability", "docs", "healthz", "metrics", "status"]);

/** Returns whether the service needs an agent's id for a path of its own. */
export const isServicePath = (id: string): boolean => PATHS.has(id);
