import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type Agent,
  type LoadedAgents,
  formatComplaints,
  processesOf,
} from "../../infra/declarations/index.ts";
import {
  crewVenv,
  portsFile,
  pythonCandidates,
  reservedPort,
} from "../../providers/crew-process/local/index.ts";
import { countAgents, parallelSteps } from "../../stacks/agents.ts";
import { type CrewHere, crewName, crewOf } from "../../stacks/crews.ts";
import { isFree } from "../../stacks/local/port.ts";
import { type Project, isLocalStack } from "../../stacks/project.ts";
import { count } from "../text.ts";
import { type Verdict, fail, ok, skip, warn } from "./finding.ts";
import { runProgram } from "./program.ts";

/** Node strips types by itself from 22.18 and 23.6 on. */
export function checkNode(version: string): Verdict {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isNewEnough = major > 23 || (major === 22 && minor >= 18) || (major === 23 && minor >= 6);
  if (isNewEnough) return ok(`Node ${version}`);
  return fail(`Node ${version} cannot run the program`, "install Node 22.18 or newer");
}

/** Crews as processes need Python 3.11 to 3.13 with venv, once; afterwards the project has an environment of its own. */
export async function checkPython(project: Project, env: NodeJS.ProcessEnv): Promise<Verdict> {
  const venv = crewVenv(project.root);
  const made = existsSync(join(venv, "installed")) ? [join(venv, "bin", "python")] : [];
  const candidates = [...made, ...pythonCandidates(env)];
  const say = "import sys, venv; print('%d.%d.%d' % sys.version_info[:3])";
  for (const candidate of candidates) {
    const { stdout: version } = await runProgram(candidate, ["-c", say], {});
    if (/^3\.1[123]\./.test(version)) return ok(`Python ${version} (${candidate})`);
  }
  return fail(
    `no Python 3.11 to 3.13 with venv was found (tried ${candidates.join(", ")})`,
    "install one (on Debian: apt install python3 python3-venv), or name it in MASUMI_PYTHON",
  );
}

const SHOWN_COMPLAINTS = 5;

export function checkAgents(stack: string, { agents, complaints }: LoadedAgents): Verdict {
  if (complaints.length === 0) return ok(`${count(agents.length, "agent")} valid for stack ${stack}`);
  const lines = formatComplaints(complaints).split(/\n(?! )/u);
  const shown = lines.slice(0, SHOWN_COMPLAINTS);
  const more = lines.length - shown.length;
  const listed = [...shown, ...(more > 0 ? [`and ${more} more`] : [])].map((line) => `\n  - ${line}`);
  return fail(
    `${count(complaints.length, "complaint")}:${listed.join("")}`,
    `correct the files; npx masumi-agents validate --stack ${stack} shows all complaints`,
  );
}

/** Every crew that this machine hosts listens on a port of its own, which nobody else may hold. */
export async function checkPorts(
  project: Project,
  stack: string,
  agents: readonly Agent[],
): Promise<Verdict[]> {
  const hosted = processesOf(agents);
  if (hosted.length === 0) return [skip("no crew of this stack is a process of this machine")];
  const verdicts = await Promise.all(hosted.map((id) => checkPort(project, stack, id)));
  const bad = verdicts.filter(({ status }) => status !== "ok");
  if (bad.length > 0) return bad;
  return [ok(verdicts.map(({ message }) => message).join(", "))];
}

async function checkPort(project: Project, stack: string, id: string): Promise<Verdict> {
  const port = reservedPort(project.root, id, stack);
  if (port === undefined) return ok(`${id}: chosen by the first up`);
  const crew = crewOf(project, stack, id);
  if (crew?.isAlive && crew.port === port) return ok(`${id}: ${port} is held by its crew`);
  if (await isFree(port)) return crew && !crew.isAlive ? died(crew) : ok(`${id}: ${port} is free`);
  return fail(
    `port ${port}, reserved for ${id}, is used by another program`,
    `end that program, or change the number in ${portsFile(project.root)} (this changes the agent's URL)`,
  );
}

function died(crew: CrewHere): Verdict {
  return warn(
    `${crewName(crew)} is not running; its port ${crew.port} is free`,
    `start it again with: npx masumi-agents up (its log: ${crew.log})`,
  );
}

/** Every agent waits for the chain in a step of its own; with fewer steps at a time, agents wait for each other. */
export function checkParallel(project: Project, stack: string, env: NodeJS.ProcessEnv): Verdict {
  const agents = countAgents(project, stack);
  const wanted = parallelSteps(agents);
  const needed = `${count(agents, "agent")} and 16 other steps may run at once`;
  const set = env["PULUMI_PARALLEL"];
  if (isLocalStack(stack)) return ok(`up runs ${wanted} steps at once, because ${needed}`);
  if (set === undefined) {
    return ok(`masumi-agents sets PULUMI_PARALLEL=${wanted}, because ${needed}`);
  }
  if (Number(set) >= wanted) return ok(`PULUMI_PARALLEL=${set} is enough: ${needed}`);
  return warn(
    `PULUMI_PARALLEL=${set} is too low: ${needed} (${wanted}), or agents wait for each other`,
    `set PULUMI_PARALLEL=${wanted}, or leave it to masumi-agents`,
  );
}
