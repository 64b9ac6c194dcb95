import { resolve } from "node:path";
import { whatRuns } from "../../infra/crews/what-runs.ts";
import type { WhatRuns } from "../../infra/declarations/index.ts";
import { loadStackAgents } from "../agents.ts";
import { type Environment, openProject, stackNames } from "../project.ts";
import { readOfflineConfig } from "../read-stack.ts";
import { UserError } from "../user-error.ts";

/** What runs of each agent by its id, unless the notice says why that cannot be told. */
export interface Ran {
  readonly runs?: ReadonlyMap<string, WhatRuns>;
  readonly notice?: string[];
}

/**
 * Returns what another checkout of a project says is to run of each agent of a stack. Nothing there is run, and nothing is asked of anybody.
 *
 * @throws UserError if the folder has no project of its own
 */
export function whatRanIn(folder: string, stack: string, env: Environment): Ran {
  const project = openProject(folder);
  if (project.root !== resolve(folder)) throw new UserError(`There is no Pulumi.yaml in ${folder}.`);
  if (!stackNames(project).includes(stack)) return { runs: new Map() };
  const untold = (why: string) => ({ notice: [`Cannot tell what ran before: in ${folder}, ${why}`] });
  const { agents, complaints } = loadStackAgents(project, stack, { env, needsNoSecrets: true });
  if (complaints.length > 0) return untold("the declarations are wrong.");
  const config = readOfflineConfig(project, stack);
  if (!config) return untold(`the settings of stack ${stack} are wrong.`);
  const runsOf = whatRuns({ projectRoot: project.root, config });
  return { runs: new Map(agents.map((agent) => [agent.id, runsOf(agent)])) };
}
