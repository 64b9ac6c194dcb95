import { type Leftovers, findLeftovers, leftoversProblem } from "../infra/fleet/index.ts";
import type { MasumiError } from "../providers/masumi/service/index.ts";
import { loadStackAgents } from "./agents.ts";
import type { CallOptions, Project } from "./project.ts";
import { openService } from "./read-stack.ts";

export interface StackLeftovers extends Leftovers {
  /** What to tell people; undefined if nothing is left. */
  readonly problem: MasumiError | undefined;
}

/**
 * Return what is still registered for a stack's owner after a destroy: doubles, and what another clone or stack registered.
 * MASUMI_API_KEY is needed for any stack but local.
 *
 * @throws UserError, SettingsError, ConfigurationError when the settings cannot be read; ServiceError, RefusedError
 */
export async function findStackLeftovers(
  project: Project,
  stack: string,
  options: CallOptions,
): Promise<StackLeftovers> {
  const { config, client } = await openService(project, stack, options);
  const { agents } = loadStackAgents(project, stack);
  const left = await findLeftovers(client, config, agents, options.signal);
  return { ...left, problem: leftoversProblem(config.owner, left) };
}
