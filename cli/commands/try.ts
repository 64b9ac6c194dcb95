import { mkdirSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { crewFolder, crewVenv } from "../../providers/crew-process/local/paths.ts";
import {
  type PythonEnvironment,
  ensurePythonEnvironment,
} from "../../providers/crew-process/local/python.ts";
import type { Project } from "../../stacks/project.ts";
import { tryFolder } from "../../stacks/try/try-folder.ts";
import { TryProcess } from "../../stacks/try/try-process.ts";
import { UserError } from "../../stacks/user-error.ts";
import { printProgress } from "../text.ts";
import type { TryFlags } from "../try/trial.ts";

const AGENT_ID = /^[a-z0-9-]{1,63}$/;

/** `try`: does one job of an agent, or with --watch one after every change. */
export async function tryAgent(project: Project, agentId: string, flags: TryFlags): Promise<number> {
  if (flags.watch && flags.json)
    throw new UserError("--watch shows one job after another: leave out --json.");
  if (!AGENT_ID.test(agentId)) throw await noSuchAgent(project, flags.stack, agentId);
  // CrewAI takes seconds to load, so that comes before anything else is loaded here.
  const environment = await ensurePythonEnvironment({
    crewFolder: crewFolder(project.root),
    venv: crewVenv(project.root),
    onProgress: printProgress,
  });
  const runtime = startRuntime(project, agentId, environment);
  // What is loaded here meanwhile gives way to CrewAI, which takes longest.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  try {
    const { tryWith } = await import("../try/trial.ts");
    return await tryWith({ runtime, environment }, project, agentId, flags);
  } finally {
    await runtime.close();
  }
}

async function noSuchAgent(project: Project, stack: string, agentId: string): Promise<UserError> {
  const [{ loadStackAgents }, { unknownAgent }] = await Promise.all([
    import("../../stacks/agents.ts"),
    import("../../stacks/unknown-agent.ts"),
  ]);
  return unknownAgent(stack, agentId, loadStackAgents(project, stack, { needsNoSecrets: true }).readable);
}

function startRuntime(project: Project, agentId: string, { python }: PythonEnvironment): TryProcess {
  const data = join(tryFolder(project, agentId), "data");
  mkdirSync(data, { recursive: true, mode: 0o700 });
  return new TryProcess(python, data, process.env);
}
