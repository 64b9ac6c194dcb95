import { crewFolder, crewVenv, ensurePythonEnvironment } from "../../providers/crew-process/index.ts";
import { agentTable } from "../agent-table.ts";
import { loadStackAgents } from "../agents.ts";
import { runLocal } from "../engine-run.ts";
import { readAgentOutputs } from "../outputs.ts";
import { LOCAL_STACK, type Project } from "../project.ts";
import { findSandbox, startSandboxProcess } from "../sandbox-process.ts";
import { printComplaints } from "./validate.ts";

export interface DemoFlags {
  readonly chainSpeed: string;
  readonly json?: boolean;
}

/**
 * `demo`: from a clone to registered agents. Everything it starts stays up; a second run looks first (a crew that
 * died with a reboot is started again) and plans nothing when all is as declared.
 */
export async function demo(project: Project, { chainSpeed, json = false }: DemoFlags): Promise<number> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const { complaints } = loadStackAgents(project, LOCAL_STACK);
  if (complaints.length > 0) return printComplaints(complaints, json);

  await ensurePythonEnvironment({
    crewFolder: crewFolder(project.root),
    venv: crewVenv(project.root),
    onProgress: say,
  });
  const known = await findSandbox(project);
  const sandbox = known ?? (await startSandboxProcess(project, { chainSpeed }));
  say(`The simulated payment service ${known ? "already runs" : "runs"} on ${sandbox.url}.`);

  const result = await runLocal(project, "up", { stack: LOCAL_STACK, json, refresh: true });
  if (!result.ok) return result.exitCode;
  const agents = await readAgentOutputs(project, LOCAL_STACK);
  if (json) {
    process.stdout.write(`${JSON.stringify({ version: 1, changes: result.changes, agents }, null, 2)}\n`);
    return 0;
  }
  const { same: _same, ...changes } = result.changes;
  if (Object.values(changes).every((number) => !number))
    process.stdout.write("\nNothing to do: all is as declared.\n");
  process.stdout.write(`\n${await agentTable(agents)}`);
  process.stdout.write(
    "\nThe agents stay up. Try: npx masumi-agents status | preview | destroy\n" +
      "Change a price or a text in agents/ and run the demo again.\n",
  );
  return 0;
}
