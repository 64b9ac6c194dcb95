import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type Field, enteredValues, fitInput, inputSchema } from "../../buyer/index.ts";
import { type Agent, runsInRuntime } from "../../infra/declarations/index.ts";
import type { EvalRecord, EvalStanding, Evaluated } from "../../infra/fleet/index.ts";
import { crewFolder, crewVenv } from "../../providers/crew-process/local/paths.ts";
import { ensurePythonEnvironment } from "../../providers/crew-process/local/python.ts";
import { complaintsAbout } from "../../stacks/agents.ts";
import type { Project } from "../../stacks/project.ts";
import type { EvaluatedAgent } from "../../stacks/eval/document.ts";
import { evaluateAgent } from "../../stacks/eval/evaluate.ts";
import { evalDigestOf, evalStandings, keepRecord, stackToEvaluate } from "../../stacks/eval/stack.ts";
import { STUB, openModel } from "../../stacks/try/model.ts";
import { placeTriedAgent } from "../../stacks/try/tried-agent.ts";
import { tryFolder } from "../../stacks/try/try-folder.ts";
import { TryProcess } from "../../stacks/try/try-process.ts";
import { Runtimes, atATime } from "../../stacks/eval/runtimes.ts";
import { unknownAgent } from "../../stacks/unknown-agent.ts";
import { UserError } from "../../stacks/user-error.ts";
import { printComplaints } from "../doctor/complaints.ts";
import { listenToInterruptions } from "../interruption.ts";
import { Interrupted } from "../terminal.ts";
import { printProgress } from "../text.ts";
import { evaluatedText } from "./text.ts";

export interface EvalFlags {
  readonly stack: string;
  readonly model?: string;
  readonly changed?: boolean;
  /** How many jobs are done side by side; as many as there are cores if it is not said. */
  readonly parallel?: string;
  readonly junit?: string;
  readonly json?: boolean;
}

/** The folder of a runtime that evaluates, beside those of agents that are tried: no agent has such an id. */
const runtimeFolder = (number: number): string => (number === 0 ? "_eval" : `_eval-${number + 1}`);

/** Each runtime takes some 300 MB of memory. */
const MOST_PARALLEL = 64;

/** Return how many jobs are done side by side. @throws UserError when the flag is no such number */
export function parallelOf({ parallel }: Pick<EvalFlags, "parallel">): number {
  if (parallel === undefined) return Math.min(availableParallelism(), MOST_PARALLEL);
  const number = /^\d{1,3}$/.test(parallel) ? Number(parallel) : 0;
  if (number >= 1 && number <= MOST_PARALLEL) return number;
  throw new UserError(`--parallel takes a number from 1 to ${MOST_PARALLEL}, and not "${parallel}".`);
}

/** Return the agents that are to be evaluated, or the exit code after saying why there are none. */
export function chooseAgents(
  project: Project,
  agentId: string | undefined,
  { stack, json = false }: EvalFlags,
): readonly Agent[] | number {
  const { readable, complaints } = stackToEvaluate(project, stack);
  if (agentId === undefined) {
    if (complaints.length > 0) return printComplaints(complaints, json);
    return readable.filter(({ evals }) => evals !== undefined);
  }
  const agent = readable.find(({ id }) => id === agentId);
  const own = agent ? complaintsAbout(agent, complaints) : [];
  if (own.length > 0) return printComplaints(own, json);
  if (!agent) throw unknownAgent(stack, agentId, readable, "");
  if (!runsInRuntime(agent)) {
    throw new UserError(`${agentId} does not run in the crew runtime, so it cannot be evaluated here.`);
  }
  if (!agent.evals) throw new UserError(`${agent.file} has no evals: add at least one to evaluate it.`);
  return [agent];
}

/** Evaluate agents, several at a time, and keep what came of it; returns an exit code instead if files have become wrong. */
export async function evaluateAll(
  project: Project,
  agents: readonly Agent[],
  flags: EvalFlags,
): Promise<readonly EvaluatedAgent[] | number> {
  const before = flags.changed
    ? evalStandings(project, flags.stack, agents)
    : new Map<string, EvalStanding>();
  const passed = (id: string): EvalRecord | undefined =>
    before.get(id)?.state === "passed" ? before.get(id)?.record : undefined;
  const parallel = parallelOf(flags);
  const isAsked = agents.some(({ id }) => passed(id) === undefined);
  const ended = new AbortController();
  const stop = listenToInterruptions({
    onFirst: () => ended.abort(),
    onImpatience: () => process.exit(130),
  });
  const evaluator = isAsked ? await startEvaluator(project, flags, parallel, ended.signal) : undefined;
  try {
    const done = await atATime(parallel, agents, async ({ id }): Promise<EvaluatedAgent | number> => {
      const earlier = passed(id);
      if (earlier || !evaluator) return earlier ? { record: earlier, isEarlier: true } : 0;
      const record = await evaluator.evaluate(id);
      return typeof record === "number" ? record : { record, isEarlier: false };
    });
    const wrong = done.find((one) => typeof one === "number");
    return typeof wrong === "number" ? wrong : done.filter((one) => typeof one !== "number");
  } finally {
    stop();
    await evaluator?.close();
  }
}

/** Have crew runtimes at hand, for all agents. */
async function startEvaluator(project: Project, flags: EvalFlags, parallel: number, signal: AbortSignal) {
  const environment = await ensurePythonEnvironment({
    crewFolder: crewFolder(project.root),
    venv: crewVenv(project.root),
    onProgress: printProgress,
  });
  const runtimes = new Runtimes(parallel, (number) => {
    const data = join(tryFolder(project, runtimeFolder(number)), "data");
    mkdirSync(data, { recursive: true, mode: 0o700 });
    return new TryProcess(environment.python, data, process.env);
  });
  let placing: Promise<unknown> = Promise.resolve();
  // Agents share the project's folders of packages and documents: their files are placed one after another.
  const place = (agentId: string): ReturnType<typeof placeTriedAgent> => {
    const { stack, model } = flags;
    const modelName = model === undefined || model === STUB ? {} : { modelName: model };
    const placed = placing.then(() =>
      placeTriedAgent(project, environment, { stack, agentId, ...modelName }, printProgress),
    );
    placing = placed.catch(() => undefined);
    return placed;
  };
  return {
    evaluate: (agentId: string) => evaluateOne(project, agentId, { flags, place, runtimes, signal }),
    close: () => runtimes.close(),
  };
}

interface Evaluator {
  readonly flags: EvalFlags;
  readonly place: (agentId: string) => ReturnType<typeof placeTriedAgent>;
  readonly runtimes: Runtimes;
  readonly signal: AbortSignal;
}

async function evaluateOne(
  project: Project,
  agentId: string,
  { flags, place, runtimes, signal }: Evaluator,
): Promise<EvalRecord | number> {
  const { stack, model: wanted, json = false } = flags;
  const placed = await place(agentId);
  if (!("agent" in placed)) return printComplaints(placed, json);
  const model = await openModel(project, { stack, agentId, wanted }, { env: process.env, signal });
  try {
    printProgress(`Evaluating ${agentId} ...`);
    const { agent, declaration } = placed;
    const onEvaluated = (one: Evaluated): void => printProgress(evaluatedText(agentId, one));
    const given = { agent, declaration, stack, model, runtime: runtimes, fit, onEvaluated, signal };
    const digest = evalDigestOf(project, stack, agent) ?? "";
    const record = await evaluateAgent({ ...given, digest });
    if (signal.aborted) throw new Interrupted(`Nothing is recorded of ${agentId}.`);
    // Another model than the stack's says nothing of what up would run.
    if (wanted === undefined) keepRecord(project, record);
    return record;
  } catch (error) {
    throw signal.aborted ? new Interrupted(`Nothing is recorded of ${agentId}.`) : error;
  } finally {
    await model.close();
  }
}

function fit(agent: Agent, inputs: Readonly<Record<string, unknown>>): ReturnType<typeof fitInput> {
  const fields: readonly Field[] = inputSchema.parse({ input_data: agent.input });
  return fitInput(fields, enteredValues(inputs));
}
