import {
  type RunOptions,
  type RunResult,
  createDisplay,
  destroy,
  preview,
  refresh,
  up,
} from "../local/engine/index.ts";
import { agentTable } from "../cli/agent-table.ts";
import { countAgents } from "./agents.ts";
import { localRun, prepareLocalStack, usesSandbox } from "./local-stack.ts";
import { LOCAL_STACK, type Project } from "./project.ts";
import { readAgentOutputs } from "./outputs.ts";
import { runRealPulumi } from "./real-pulumi.ts";
import { findSandbox } from "./sandbox-process.ts";
import { UserError } from "./user-error.ts";

const OPERATIONS = { up, preview, refresh, destroy };
export type Operation = keyof typeof OPERATIONS;

export interface RunRequest {
  readonly stack: string;
  readonly json?: boolean;
  /** up: look at what really is there before planning. */
  readonly refresh?: boolean;
  /** preview: show every changed property, before and after. */
  readonly diff?: boolean;
}

/** ^C lets running steps finish and saves the state; a second one ends at once. */
function abortOnInterrupt(): { readonly signal: AbortSignal; readonly stop: () => void } {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write(
      "\nStopping: steps that are under way finish first. Press ^C again to end at once.\n",
    );
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return {
    signal: controller.signal,
    stop: () => {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    },
  };
}

/** The local stack's sandbox must answer before anything is planned: a refused connection explains nothing. */
export async function openLocalStack(project: Project): Promise<RunOptions> {
  const sandbox = await findSandbox(project);
  if (!sandbox && usesSandbox(project)) {
    throw new UserError(
      "The sandbox of this project is not running. Start it with: npx masumi-agents sandbox",
    );
  }
  if (sandbox) await prepareLocalStack(project, sandbox.url);
  return localRun(project, countAgents(project));
}

/** Runs one operation of the local stack on the embedded engine, with progress on stderr (`--json`) or stdout. */
export async function runLocal(
  project: Project,
  operation: Operation,
  request: RunRequest,
): Promise<RunResult> {
  const options = await openLocalStack(project);
  const stream = request.json ? process.stderr : process.stdout;
  const interactive = stream.isTTY && process.env["CI"] === undefined;
  const colour = interactive && process.env["NO_COLOR"] === undefined;
  const display = createDisplay({ stream, interactive, colour, diff: request.diff === true });
  const { signal, stop } = abortOnInterrupt();
  try {
    return await OPERATIONS[operation]({
      ...options,
      signal,
      refresh: request.refresh === true,
      // People get the agents as a table afterwards, which says the same in less room.
      onEvent: (event) =>
        display(event.kind === "run-end" ? { ...event, outputs: {}, outputChanges: [] } : event),
    });
  } finally {
    stop();
  }
}

/** `up`, `preview`, `refresh` or `destroy` of any stack: local on the embedded engine, all others on the real Pulumi. */
export async function runOperation(
  project: Project,
  operation: Operation,
  request: RunRequest,
): Promise<number> {
  if (request.stack !== LOCAL_STACK) {
    const words = [operation, "--stack", request.stack, ...(request.json ? ["--json"] : [])];
    if (request.refresh) words.push("--refresh");
    if (request.diff) words.push("--diff");
    return runRealPulumi(project, words, countAgents(project));
  }
  const result = await runLocal(project, operation, request);
  if (request.json) {
    const { ok, changes, outputs, steps, diagnostics } = result;
    process.stdout.write(`${JSON.stringify({ ok, changes, outputs, steps, diagnostics }, null, 2)}\n`);
  } else if (operation === "up" && result.ok) {
    const agents = await readAgentOutputs(project, LOCAL_STACK);
    if (agents.length > 0) process.stdout.write(`\n${await agentTable(agents)}`);
  }
  return result.exitCode;
}
