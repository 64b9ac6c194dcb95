import { z } from "zod";
import { printable } from "../../providers/common/printable.ts";
import { type AgentLog, findAllLogs } from "../logs/logs.ts";
import type { CallOptions, Project } from "../project.ts";
import { runProgram, runtimeProgram } from "../runtime-program.ts";
import { readDatabaseUsage } from "./database.ts";

/** What an agent's jobs used of a model in a month (UTC): all of them together, or each. */
export interface TokenCount {
  readonly month: string;
  readonly agent: string;
  /** What the log calls the job by; "" for all together, and for calls that belong to no job. */
  readonly job: string;
  /** By the name that the model's API was asked by. */
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** How long an agent's runtime was up in a month (UTC), in a container of one size, or its jobs ran. */
export interface RunningTime {
  readonly month: string;
  readonly agent: string;
  /** What the log calls the job by; "" for all together, null for the runtime itself. */
  readonly job: string | null;
  /** CPU units and MiB of the runtime's container; 0 where it has none of its own. */
  readonly cpu: number;
  readonly memory: number;
  readonly milliseconds: number;
  /** Whether the agent shares its container with others. */
  readonly isShared: boolean;
}

/** An agent whose usage could not be read. */
export interface Unread {
  readonly agent: string;
  readonly reason: string;
}

export interface Usage {
  readonly counts: readonly TokenCount[];
  readonly times: readonly RunningTime[];
  readonly unread: readonly Unread[];
}

/** The spelling of crew_runtime.agent_usage. */
const ofAgent = z.object({
  models: z.array(
    z
      .object({
        month: z.string(),
        job: z.string(),
        model: z.string(),
        input_tokens: z.int(),
        output_tokens: z.int(),
      })
      .transform(({ input_tokens: inputTokens, output_tokens: outputTokens, ...count }) => ({
        ...count,
        inputTokens,
        outputTokens,
      })),
  ),
  times: z.array(
    z.object({
      month: z.string(),
      job: z.string().nullable(),
      cpu: z.int().nonnegative(),
      memory: z.int().nonnegative(),
      milliseconds: z.int(),
    }),
  ),
});

interface UsageFilter {
  readonly stack: string;
  readonly month?: string | undefined;
  readonly agent?: string | undefined;
  /** Whether each job's are wanted. */
  readonly jobs?: boolean | undefined;
}

/**
 * Return what the crews of a stack's agents used: from the stores of their runtimes in processes of this machine and in containers, and from
 * the stack's database where they run on ECS. A crew that was never started has used nothing.
 */
export async function readUsage(project: Project, filter: UsageFilter, options: CallOptions): Promise<Usage> {
  const { agents, logs } = findAllLogs(project, filter.stack, options.env);
  const meant = logs.filter(({ agentId }) => filter.agent === undefined || agentId === filter.agent);
  const onEcs = meant.filter(({ place }) => place.kind === "cloudwatch");
  const all: Usage[] = [];
  for (const together of byRuntime(meant.filter((log) => !onEcs.includes(log)))) {
    all.push(...(await readRuntime(project, together, filter, options)));
  }
  if (onEcs.length > 0) {
    const ids = new Set(onEcs.map(({ agentId }) => agentId));
    const stored = await readDatabaseUsage(
      project,
      { ...filter, agents: agents.filter(({ id }) => ids.has(id)) },
      options,
    );
    all.push(...onEcs.map((log) => usageOf(log, stored.get(log.agentId))));
  }
  return {
    counts: all.flatMap(({ counts }) => counts),
    times: all.flatMap(({ times }) => times),
    unread: all.flatMap(({ unread }) => unread),
  };
}

type Together = readonly [AgentLog, ...AgentLog[]];

/** The agents of the shared crew service, which has one log, are asked for at once. */
function byRuntime(logs: readonly AgentLog[]): readonly Together[] {
  const groups = new Map<string, [AgentLog, ...AgentLog[]]>();
  for (const log of logs) {
    const { agentId: _one, ...runtime } = log.place;
    const key = JSON.stringify(runtime);
    const group = groups.get(key);
    if (group) group.push(log);
    else groups.set(key, [log]);
  }
  return [...groups.values()];
}

async function readRuntime(
  project: Project,
  logs: Together,
  { month, jobs = false }: UsageFilter,
  { env, signal }: CallOptions,
): Promise<Usage[]> {
  const [{ place }] = logs;
  const program = runtimeProgram(project, place, env);
  if (!program?.hasRun) return [];
  const words = [...(month === undefined ? [] : ["--month", month]), ...(jobs ? ["--by-job"] : [])];
  const runs = runProgram(program, ["crew_runtime.agent_usage", ...words], signal ? { signal } : {});
  const told = await runs.then(
    (printed) => z.record(z.string(), z.unknown()).safeParse(printed).data ?? new SyntaxError(),
    (error: Error) => error,
  );
  signal?.throwIfAborted();
  // A runtime with but one agent gives it no name.
  return logs.map((log) =>
    usageOf(log, told instanceof Error ? told : told[place.agentId === undefined ? "" : log.agentId]),
  );
}

/** Return what was told of an agent: nothing where it has not run, or why it could not be read. */
function usageOf({ agentId: agent, place }: AgentLog, told: unknown): Usage {
  const nothing = { counts: [], times: [], unread: [] };
  if (told === undefined) return nothing;
  const read = told instanceof Error ? { error: told, data: undefined } : ofAgent.safeParse(told);
  if (!read.data) return { ...nothing, unread: [{ agent, reason: reasonOf(read.error) }] };
  const isShared = place.agentId !== undefined;
  return {
    counts: read.data.models.map((count) => ({ ...count, agent })),
    times: read.data.times.map((time) => ({ ...time, agent, isShared })),
    unread: [],
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError || error instanceof z.ZodError) {
    return "its runtime is of another version, and answers otherwise; up replaces it";
  }
  const { message, stderr = "", killed } = error as Error & { stderr?: string; killed?: boolean };
  if (killed) return "its runtime's store did not answer within 30 seconds";
  return printable(stderr.trim().split("\n").at(-1) || message);
}
