import { createDisplay } from "../local/engine/index.ts";
import { runDocument } from "../stacks/documents.ts";
import { readAgentOutputs, withAvailability } from "../stacks/outputs.ts";
import { LOCAL_STACK, type Project } from "../stacks/project.ts";
import { type Operation, type RunResult, runLocal } from "../stacks/run.ts";
import { agentTable } from "./agent-table.ts";
import { listenToInterruptions } from "./interruption.ts";
import { printJson } from "./text.ts";

/** What `up`, `preview`, `refresh` and `destroy` may be given. */
export interface RunFlags {
  readonly stack: string;
  readonly json?: boolean;
  readonly refresh?: boolean;
  readonly target?: readonly string[];
  readonly targetDependents?: boolean;
  readonly nonInteractive?: boolean;
  readonly diff?: boolean;
}

/** Has an interruption let running steps finish and save the state; a second ^C ends at once. */
function abortOnInterrupt(): { readonly signal: AbortSignal; readonly stop: () => void } {
  const controller = new AbortController();
  const stop = listenToInterruptions({
    onFirst: () => {
      process.stderr.write(
        "\nStopping: steps that are under way finish first. Press ^C again to end at once.\n",
      );
      controller.abort();
    },
    onImpatience: () => process.exit(130),
  });
  return { signal: controller.signal, stop };
}

/** Run one operation of the local stack, and show its progress on stderr (`--json`) or stdout. */
export async function showLocalRun(
  project: Project,
  operation: Operation,
  flags: Omit<RunFlags, "stack">,
): Promise<RunResult> {
  const stream = flags.json ? process.stderr : process.stdout;
  const interactive = stream.isTTY && process.env["CI"] === undefined && flags.nonInteractive !== true;
  const colour = interactive && process.env["NO_COLOR"] === undefined;
  const display = createDisplay({ stream, interactive, colour, diff: flags.diff === true });
  const { signal, stop } = abortOnInterrupt();
  try {
    const { refresh, target: targets, targetDependents } = flags;
    return await runLocal(project, { operation, refresh, targets, targetDependents, signal }, (event) =>
      // People get the agents as a table afterwards, which says the same in less room.
      display(event.kind === "run-end" ? { ...event, outputs: {}, outputChanges: [] } : event),
    );
  } finally {
    stop();
  }
}

/** Run one operation of the local stack on this terminal, and return its exit code. */
export async function showRun(project: Project, operation: Operation, flags: RunFlags): Promise<number> {
  const result = await showLocalRun(project, operation, flags);
  if (flags.json) {
    printJson(runDocument(result));
  } else if (operation === "up" && result.ok) {
    const agents = await readAgentOutputs(project, LOCAL_STACK, { env: process.env });
    if (agents.length > 0) process.stdout.write(`\n${agentTable(await withAvailability(agents))}`);
  }
  return result.exitCode;
}
