import {
  type EngineEvent,
  type Operation,
  type RunResult,
  destroy,
  preview,
  refresh,
  up,
} from "../local/engine/index.ts";
import { countAgents } from "./agents.ts";
import { openEmptyStack, openLocalStack } from "./local/local-stack.ts";
import { type CallOptions, type Project, isLocalStack } from "./project.ts";
import { targetWords, targetsOf } from "./targets.ts";
import { followEventLog } from "./pulumi/event-log.ts";
import { type PulumiOptions, type PulumiOutput, runRealPulumi } from "./pulumi/real-pulumi.ts";

export type { Operation, RunResult };

/** What happens in a run: steps and messages, as either engine tells them, and what the real Pulumi CLI prints. */
export type RunEvent = EngineEvent | PulumiOutput;

export interface RunRequest {
  readonly operation: Operation;
  /** up: compare the state with what really is there before planning. */
  readonly refresh?: boolean | undefined;
  /** Limits the run to these: agents' ids, or URNs and patterns as Pulumi's --target takes them. */
  readonly targets?: readonly string[] | undefined;
  /** With `targets`: what depends on them too. */
  readonly targetDependents?: boolean | undefined;
  /** refresh: forget the creations that were interrupted. */
  readonly clearPendingCreates?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What a local stack's run needs, judged while its processes load: false ends it, and it has changed nothing. */
  readonly meanwhile?: (() => boolean) | undefined;
}

const OPERATIONS = { up, preview, refresh, destroy };

/**
 * Run one operation of a local stack on the embedded engine. What goes wrong in the run is in the result; aborting
 * lets running steps finish, and saves the state.
 *
 * @throws UserError when the stack uses the sandbox and none is running
 */
export async function runLocal(
  project: Project,
  request: RunRequest & { readonly stack: string },
  onEvent: (event: EngineEvent) => void,
): Promise<RunResult> {
  const { stack, operation, signal, meanwhile, refresh: isRefreshed = false } = request;
  const { clearPendingCreates = false } = request;
  const empty = operation === "destroy" ? await openEmptyStack(project, stack) : undefined;
  const options = empty ?? (await openLocalStack(project, stack, signal));
  return OPERATIONS[operation]({
    ...options,
    ...(signal ? { signal } : {}),
    ...(meanwhile ? { meanwhile } : {}),
    refresh: isRefreshed,
    clearPendingCreates,
    ...targetsOf(project, stack, request.targets ?? [], request.targetDependents),
    onEvent,
  });
}

export interface PulumiRunRequest extends RunRequest {
  readonly stack: string;
  readonly json?: boolean | undefined;
  /** preview: show every changed property, before and after. */
  readonly diff?: boolean | undefined;
  /** Nobody is asked whether to go on. */
  readonly yes?: boolean | undefined;
  /** Where the CLI writes what happens, a line each. */
  readonly eventLog?: string | undefined;
}

/** Run one operation of any stack but a local one on the real Pulumi CLI, and return its exit code. */
export function runPulumi(
  project: Project,
  request: PulumiRunRequest,
  options: Pick<PulumiOptions, "env" | "output">,
): Promise<number> {
  const { operation, stack, json, refresh: isRefreshed, diff, yes, signal } = request;
  const words = [operation, "--stack", stack, ...(json ? ["--json"] : [])];
  if (isRefreshed) words.push("--refresh");
  if (diff) words.push("--diff");
  if (yes && operation !== "preview") words.push("--yes");
  // The update after a preview would begin the log anew; whoever reads it asks for the one or the other.
  if (request.eventLog) words.push("--event-log", request.eventLog);
  if (request.eventLog && operation !== "preview") words.push("--skip-preview");
  if (request.clearPendingCreates) words.push("--clear-pending-creates");
  words.push(...targetWords(targetsOf(project, stack, request.targets ?? [], request.targetDependents)));
  return runRealPulumi(project, words, { ...options, signal, agents: countAgents(project, stack) });
}

/** How a run ended; `result` is the embedded engine's. */
export interface StackRun {
  readonly exitCode: number;
  /** How many resources it created, updated and so on. */
  readonly changes: Readonly<Record<string, number>>;
  readonly result?: RunResult;
}

/** The CLI takes --event-log only with this, as Pulumi's own automation does. */
const TAKES_EVENT_LOG = { PULUMI_DEBUG_COMMANDS: "true" } as const;

/**
 * Run `up`, `preview`, `refresh` or `destroy` of any stack without asking anything: local ones on the embedded engine, all
 * others on the real Pulumi CLI. Both tell the same steps and messages; the CLI's own words come besides.
 *
 * @throws UserError when the local stack uses the sandbox and none is running
 */
export async function runStack(
  project: Project,
  request: RunRequest & { readonly stack: string },
  { env, onEvent }: Pick<CallOptions, "env"> & { readonly onEvent: (event: RunEvent) => void },
): Promise<StackRun> {
  if (isLocalStack(request.stack)) {
    const result = await runLocal(project, request, onEvent);
    return { exitCode: result.exitCode, changes: result.changes, result };
  }
  const log = await followEventLog(onEvent);
  const run = { ...request, yes: true, eventLog: log.file };
  const options = { env: { ...env, ...TAKES_EVENT_LOG }, output: onEvent };
  const exitCode = await runPulumi(project, run, options).catch(async (error: unknown) => {
    await log.end();
    throw error;
  });
  return { exitCode, changes: await log.end() };
}
