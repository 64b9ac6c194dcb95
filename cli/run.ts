import { type EngineEvent, createDisplay } from "../local/engine/index.ts";
import { type LeftoversDocument, leftoversDocument, runDocument } from "../stacks/documents.ts";
import { findStackLeftovers } from "../stacks/leftovers.ts";
import { readAgentOutputs, withAvailability } from "../stacks/outputs.ts";
import { LOCAL_STACK, type Project } from "../stacks/project.ts";
import { type Operation, type RunResult, runLocal } from "../stacks/run.ts";
import { agentTable } from "./agent-table.ts";
import { explainsItself } from "./explains-itself.ts";
import { listenToInterruptions } from "./interruption.ts";
import { stopPortalProcess } from "./portal/portal.ts";
import { print, printJson, printProgress } from "./text.ts";

/** What `up`, `preview`, `refresh` and `destroy` may be given. */
export interface RunFlags {
  readonly stack: string;
  readonly json?: boolean;
  readonly refresh?: boolean;
  readonly target?: readonly string[];
  readonly targetDependents?: boolean;
  readonly nonInteractive?: boolean;
  readonly diff?: boolean;
  /** refresh: forget the creations that were interrupted. */
  readonly clearPendingCreates?: boolean;
  /** destroy: do not look for registrations that the stack did not manage. */
  readonly leaveDuplicates?: boolean;
}

/** Has an interruption let running steps finish and save the state; a second ^C ends at once. */
function abortOnInterrupt(say: (line: string) => void): {
  readonly signal: AbortSignal;
  readonly stop: () => void;
} {
  const controller = new AbortController();
  const stop = listenToInterruptions({
    onFirst: (wasSignalled) => {
      controller.abort();
      if (wasSignalled) say("Press ^C again to end at once; the state then records them as interrupted.");
    },
    onImpatience: () => process.exit(130),
  });
  return { signal: controller.signal, stop };
}

/** Says what is wrong with what a run needs, and returns the exit code then. */
type Complain = () => number | undefined;

/** Shows a run's events as they come; with `complain`, once it has had nothing to say: what is refused is not to look like a run. */
class RunEvents {
  readonly #show: (event: EngineEvent) => void;
  #held: EngineEvent[] | undefined;
  /** The exit code of the complaint. */
  complained: number | undefined;
  readonly meanwhile: (() => boolean) | undefined;

  constructor(show: (event: EngineEvent) => void, complain: Complain | undefined) {
    this.#show = show;
    if (!complain) return;
    this.#held = [];
    this.meanwhile = () => {
      this.complained = complain();
      this.release();
      return this.complained === undefined;
    };
  }

  readonly take = (event: EngineEvent): void => {
    if (this.#held) this.#held.push(event);
    else if (this.complained === undefined) this.#show(event);
  };

  /** Nothing more is waited for. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.take(event);
  }
}

/**
 * Run one operation of a local stack, and show its progress on stderr (`--json`) or stdout. What is complained of while its processes load
 * ends the run; it is then in the result, and nothing of the run is shown.
 */
export async function showLocalRun(
  project: Project,
  operation: Operation,
  flags: RunFlags,
  complain?: Complain,
): Promise<RunResult & { readonly complained?: number | undefined }> {
  const stream = flags.json ? process.stderr : process.stdout;
  const interactive = stream.isTTY && process.env["CI"] === undefined && flags.nonInteractive !== true;
  const colour = interactive && process.env["NO_COLOR"] === undefined;
  const display = createDisplay({ stream, interactive, colour, diff: flags.diff === true });
  // By the display, which would draw over what others write on its terminal.
  const say = (message: string): void =>
    interactive
      ? display({ kind: "diagnostic", time: Date.now(), severity: "info", message, ephemeral: false })
      : printProgress(message);
  const { signal, stop } = abortOnInterrupt(say);
  try {
    const { stack, refresh, target: targets, targetDependents, clearPendingCreates } = flags;
    const request = { stack, operation, refresh, targets, targetDependents, clearPendingCreates, signal };
    const events = new RunEvents(
      // People get the agents as a table afterwards, which says the same in less room.
      (event) => display(event.kind === "run-end" ? { ...event, outputs: {}, outputChanges: [] } : event),
      complain,
    );
    const { meanwhile, take } = events;
    const result = await runLocal(project, { ...request, meanwhile }, take);
    events.release();
    if (signal.aborted && !result.ok && operation !== "preview")
      printProgress(`Stopped. The next ${operation} goes on from here.`);
    return { ...result, complained: events.complained };
  } finally {
    stop();
  }
}

/** Whether all is meant that `demo` started, the portal included. */
const isWhole = ({ stack, target = [] }: RunFlags): boolean => stack === LOCAL_STACK && target.length === 0;

/** Run one operation of a local stack on this terminal, and return its exit code, or that of the complaint that ended it. */
export async function showRun(
  project: Project,
  operation: Operation,
  flags: RunFlags,
  complain?: Complain,
): Promise<number> {
  if (operation === "destroy" && isWhole(flags)) await stopPortalProcess(project);
  const result = await showLocalRun(project, operation, flags, complain);
  if (result.complained !== undefined) return result.complained;
  const left = operation === "destroy" && result.ok ? await showLeftovers(project, flags) : undefined;
  if (flags.json) {
    printJson(runDocument(result, left));
  } else if (operation === "up" && result.ok) {
    const agents = await readAgentOutputs(project, flags.stack, { env: process.env });
    if (agents.length > 0) print(agentTable(await withAvailability(agents)));
  }
  return left ? 1 : result.exitCode;
}

/**
 * Says on stderr what is still registered after a destroy, and returns it; undefined if there is nothing, it is unknown, or nobody
 * wants to know: a destroy of some agents leaves the others.
 */
export async function showLeftovers(
  project: Project,
  { stack, leaveDuplicates = false, target = [] }: RunFlags,
): Promise<LeftoversDocument | undefined> {
  if (leaveDuplicates || target.length > 0) return undefined;
  try {
    const found = await findStackLeftovers(project, stack, { env: process.env });
    if (!found.problem) return undefined;
    print(`${found.problem.message}\n`, process.stderr);
    return leftoversDocument(found);
  } catch (error) {
    // The stack is destroyed all the same.
    if (!explainsItself(error)) throw error;
    printProgress(
      `Whether registrations are left that the stack did not manage is unknown: ${error.message}`,
    );
    return undefined;
  }
}
