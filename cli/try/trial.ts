import { once } from "node:events";
import { type Entered, type Field, fitInput, inputSchema } from "../../buyer/index.ts";
import type { Agent, Complaint } from "../../infra/declarations/index.ts";
import type { PythonEnvironment } from "../../providers/crew-process/local/index.ts";
import { printable, printableLines } from "../../providers/common/printable.ts";
import type { Project } from "../../stacks/project.ts";
import { tryDocument } from "../../stacks/try/document.ts";
import type { TryEnd, TryEvent } from "../../stacks/try/events.ts";
import { STUB, type TriedModel, openModel } from "../../stacks/try/model.ts";
import { type TriedAgent, placeTriedAgent } from "../../stacks/try/tried-agent.ts";
import { removeTryFolder } from "../../stacks/try/try-folder.ts";
import type { TryListener, TryProcess } from "../../stacks/try/try-process.ts";
import { AgentWatch } from "../../stacks/try/watch.ts";
import { UserError } from "../../stacks/user-error.ts";
import { printComplaints } from "../doctor/complaints.ts";
import { explainsItself } from "../explains-itself.ts";
import { readEntered } from "../hire/entered.ts";
import { inputFrom } from "../hire/respondent.ts";
import { listenToInterruptions } from "../interruption.ts";
import { Interrupted, type Prompter, openTerminal } from "../terminal.ts";
import { printJson, printProgress } from "../text.ts";
import { tryEndLines, tryEventText } from "./text.ts";

export interface TryFlags {
  readonly stack: string;
  readonly input?: readonly string[];
  readonly inputs?: string;
  readonly model?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** What all jobs of one command have in common. */
interface Trial {
  readonly project: Project;
  readonly agentId: string;
  readonly flags: TryFlags;
  readonly runtime: TryProcess;
  readonly environment: PythonEnvironment;
  readonly model: TriedModel;
  readonly terminal: Prompter | undefined;
  /** ^C, or another signal. */
  readonly ended: AbortSignal;
  entered: Entered;
}

/** Does an agent's jobs in a runtime that has been started in its environment, and returns the exit code. */
export async function tryWith(
  { runtime, environment }: Pick<Trial, "runtime" | "environment">,
  project: Project,
  agentId: string,
  flags: TryFlags,
): Promise<number> {
  const entered = readEntered(flags.input ?? [], flags.inputs);
  const ended = new AbortController();
  const stop = listenToInterruptions({
    onFirst: () => ended.abort(),
    onImpatience: () => process.exit(130),
  });
  const { signal } = ended;
  let model: TriedModel | undefined;
  try {
    const wanted = { stack: flags.stack, agentId, wanted: flags.model };
    model = await openModel(project, wanted, { env: process.env, signal });
    const terminal = openTerminal();
    const common = { project, agentId, flags, runtime, environment, model };
    const trial: Trial = { ...common, entered, terminal, ended: signal };
    return flags.watch ? await tryOnEveryChange(trial, signal) : await tryOnce(trial, signal);
  } finally {
    stop();
    await model?.close();
  }
}

function place(trial: Trial): Promise<TriedAgent | readonly Complaint[]> {
  const { project, agentId, environment, flags } = trial;
  const { stack, model } = flags;
  const modelName = model === undefined || model === STUB ? {} : { modelName: model };
  return placeTriedAgent(project, environment, { stack, agentId, ...modelName }, printProgress);
}

const isPlaced = (placed: TriedAgent | readonly Complaint[]): placed is TriedAgent => "agent" in placed;

async function tryOnce(trial: Trial, signal: AbortSignal): Promise<number> {
  const { project, agentId, flags, model } = trial;
  let placed: TriedAgent | readonly Complaint[];
  try {
    placed = await place(trial);
  } catch (error) {
    // Of an agent that cannot be tried, nothing is kept.
    removeTryFolder(project, agentId);
    throw error;
  }
  if (!isPlaced(placed)) return printComplaints(placed, flags.json === true);
  const end = await runJob(trial, placed, signal);
  if (flags.json) printJson(tryDocument(agentId, flags.stack, model, end));
  else showEnd(end, placed.agent);
  return end.event === "completed" ? 0 : 1;
}

/** Does the job again after every change of the agent, until the signal; what was entered once stays. */
async function tryOnEveryChange(trial: Trial, signal: AbortSignal): Promise<number> {
  const watch = new AgentWatch(trial.project, trial.flags.stack);
  let tried: string | undefined;
  try {
    while (!signal.aborted) {
      watch.reset();
      const placed = await placeOrShow(trial);
      const ends = AbortSignal.any([signal, watch.changed]);
      if (placed) watch.include(placed.agent);
      if (placed && placed.text !== tried) {
        const end = await runJob(trial, placed, ends);
        tried = end.event === "cancelled" ? undefined : placed.text;
        if (tried !== undefined) showEnd(end, placed.agent);
      }
      if (ends.aborted) continue;
      printProgress(
        `Waiting for changes of ${placed ? watchedFiles(placed.agent) : trial.agentId}; ^C ends.`,
      );
      await once(ends, "abort");
    }
  } finally {
    watch.close();
  }
  return 0;
}

/** Returns what an author changes: the declaration, and the folder of the code if there is one. */
const watchedFiles = ({ file, source }: Agent): string =>
  source.kind === "code" ? `${file} and ${source.folder}` : file;

/** Place an agent's files; while somebody is working on them, mistakes are shown and waited for. */
async function placeOrShow(trial: Trial): Promise<TriedAgent | undefined> {
  try {
    const placed = await place(trial);
    if (isPlaced(placed)) return placed;
    printComplaints(placed, false);
  } catch (error) {
    if (!explainsItself(error)) throw error;
    printProgress(printableLines(error.message));
  }
  return undefined;
}

async function runJob(
  trial: Trial,
  { agent, declaration }: TriedAgent,
  signal: AbortSignal,
): Promise<TryEnd> {
  const { runtime, model } = trial;
  const fields = inputSchema.parse({ input_data: agent.input });
  const { input, problems } = await inputOf(trial, fields, signal).catch((error: unknown) => {
    throw trial.ended.aborted ? new Interrupted("Nothing was started.") : error;
  });
  if (problems.length > 0) return { event: "refused", problems: [...problems] };
  printProgress(`Trying ${agent.id} with ${modelText(model, agent)} ...`);
  const { api, key, name } = model;
  return runtime.run({ declaration, input, model: { api, key, name } }, listenerOf(trial, signal), signal);
}

const modelText = ({ isStub, api, name }: TriedModel, agent: Agent): string =>
  isStub ? "the stub model, which only quotes what it is asked" : `${agent.model.name ?? name} at ${api}`;

/** Return the job's input as its fields want it; at a terminal whoever sits there is asked for all of it if nothing was entered. */
async function inputOf(
  trial: Trial,
  fields: readonly Field[],
  signal: AbortSignal,
): Promise<ReturnType<typeof fitInput>> {
  const { entered, terminal } = trial;
  const ask = inputFrom(terminal, printProgress);
  const isAsked = entered.names.length === 0 && ask !== undefined;
  const given = isAsked ? await ask(fields, signal) : entered;
  if (!given) return { input: {}, problems: ["nothing was entered"] };
  trial.entered = given;
  return fitInput(fields, given);
}

function listenerOf({ terminal }: Trial, signal: AbortSignal): TryListener {
  return {
    onEvent(event: TryEvent) {
      const text = tryEventText(event);
      if (text !== undefined) printProgress(text);
    },
    onOutput(line: string) {
      printProgress(`  | ${printable(line)}`);
    },
    async answer({ prompt, is_draft: isDraft }) {
      if (!terminal)
        throw new UserError("The crew asks its customer a question. Run try at a terminal to answer it.");
      printProgress(isDraft ? "The crew shows a draft:" : "The crew asks:");
      printProgress(printableLines(prompt).replaceAll(/^/gm, "  "));
      const label = isDraft ? "What has to change (leave empty to accept): " : "Your answer: ";
      return terminal.ask(label, { isSecret: false, signal });
    },
  };
}

/** Write the result on stdout, and what is to be known of it on stderr. */
function showEnd(end: TryEnd, { source }: Agent): void {
  if (end.event === "completed") {
    const shown = process.stdout.isTTY ? printableLines(end.result) : end.result;
    process.stdout.write(shown.endsWith("\n") ? shown : `${shown}\n`);
  }
  tryEndLines(end, source.kind === "code" ? source.folder : undefined).forEach(printProgress);
}
