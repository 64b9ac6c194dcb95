import { z } from "zod";
import { printable } from "../../providers/common/printable.ts";
import { type AgentLog, findAllLogs } from "../logs/logs.ts";
import type { CallOptions, Project } from "../project.ts";
import { runProgram, runtimeProgram } from "../runtime-program.ts";

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

/** An agent whose tokens could not be read. */
export interface Unread {
  readonly agent: string;
  readonly reason: string;
}

const counted = z.record(
  z.string(),
  z.array(
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
);

const ON_ECS =
  "its tasks on ECS keep the count in a database that is not read from here; " +
  "their log has the tokens of each job that was completed: masumi-agents logs";

/**
 * Return what the crews of a stack's agents counted, from the stores of their runtimes: in processes of this machine, and in containers. A
 * crew that was never started here has counted nothing.
 */
export async function readTokenCounts(
  project: Project,
  { stack, month, agent, jobs = false }: TokenFilter,
  { env, signal }: CallOptions,
): Promise<{ readonly counts: readonly TokenCount[]; readonly unread: readonly Unread[] }> {
  const counts: TokenCount[] = [];
  const unread: Unread[] = [];
  const words = [...(month === undefined ? [] : ["--month", month]), ...(jobs ? ["--by-job"] : [])];
  const { logs } = findAllLogs(project, stack, env);
  for (const of of byRuntime(logs.filter(({ agentId }) => agent === undefined || agentId === agent))) {
    const [{ place }] = of;
    const ids = of.map(({ agentId }) => agentId);
    const program = runtimeProgram(project, place, env);
    if (program?.hasRun === false) continue;
    try {
      if (!program) throw new Error(ON_ECS);
      const printed = await runProgram(
        program,
        ["crew_runtime.token_counts", ...words],
        signal ? { signal } : {},
      );
      const found = counted.parse(printed);
      // A runtime with but one agent gives it no name.
      for (const id of ids) {
        const own = found[place.agentId === undefined ? "" : id] ?? [];
        counts.push(...own.map((count) => ({ ...count, agent: id })));
      }
    } catch (error) {
      signal?.throwIfAborted();
      unread.push(...ids.map((id) => ({ agent: id, reason: reasonOf(error) })));
    }
  }
  return { counts, unread };
}

interface TokenFilter {
  readonly stack: string;
  readonly month?: string | undefined;
  readonly agent?: string | undefined;
  /** Whether each job's are wanted. */
  readonly jobs?: boolean | undefined;
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

function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError || error instanceof z.ZodError) {
    return "its runtime is of another version, and answers otherwise; up replaces it";
  }
  const { message, stderr = "", killed } = error as Error & { stderr?: string; killed?: boolean };
  if (killed) return "its runtime's store did not answer within 30 seconds";
  return printable(stderr.trim().split("\n").at(-1) || message);
}
