import { existsSync, readdirSync } from "node:fs";
import { type LoadedAgents, loadAgents } from "../infra/declarations/index.ts";
import { readNetwork } from "./network.ts";
import type { Project } from "./project.ts";

/** Return how many agents the folder declares at most; cheap, for choosing the number of parallel steps. */
export function countAgents(project: Project): number {
  if (!existsSync(project.agents)) return 0;
  return readdirSync(project.agents).filter((file) => /\.ya?ml$/.test(file)).length;
}

/** Steps at a time that a run of so many agents needs: each waits in one of its own. */
export const parallelSteps = (agents: number): number => agents + 16;

/**
 * Return the stack's agents, checked without network or Pulumi, and every complaint about their files.
 * @throws UserError when the stack has no file or no network
 */
export function loadStackAgents(project: Project, stack: string): LoadedAgents {
  const { network, assets, settings } = readNetwork(project, stack);
  return loadAgents({
    folder: project.agents,
    projectRoot: project.root,
    stack,
    network,
    hosting: settings["masumi:hosting"] ?? "process",
    documents: settings["masumi:documents"],
    ...(assets ? { assets } : {}),
  });
}
