import { listenToInterruptions } from "../interruption.ts";
import { printable } from "../../providers/common/printable.ts";
import { type AgentLog, findLogs, readLog } from "../../stacks/logs/logs.ts";
import { readFailureReport } from "../../stacks/logs/failure-reports.ts";
import type { CallOptions, Project } from "../../stacks/project.ts";
import { UserError } from "../../stacks/user-error.ts";
import { failureLines } from "../hire/failure.ts";
import { print } from "../text.ts";

export interface LogsFlags {
  readonly stack: string;
  readonly follow?: boolean;
  readonly since?: string;
  readonly lines: string;
  readonly job?: string;
  readonly json?: boolean;
}

/** Where one job is looked for. */
const LINES_SEARCHED = 10_000;
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Return a moment in Unix milliseconds: `10m` ago, or a date and time. */
function momentOf(text: string): number {
  const [, number, unit = ""] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const moment = number === undefined ? Date.parse(text) : Date.now() - Number(number) * (UNITS[unit] ?? 0);
  if (!Number.isNaN(moment)) return moment;
  throw new UserError(
    `--since ${text}: expected an age such as 10m, 2h or 1d, or a time such as 2026-11-29T14:00:00Z.`,
  );
}

function lineNumber(text: string): number {
  const lines = Number(text);
  if (Number.isInteger(lines) && lines > 0) return lines;
  throw new UserError(`--lines ${text}: expected a number from 1 on.`);
}

/** `logs`: what crews wrote, of one agent or of all. */
export async function logs(project: Project, agent: string | undefined, flags: LogsFlags): Promise<number> {
  const { stack, json = false, follow = false, since, lines, job } = flags;
  if (job !== undefined && !/^[0-9a-f]{16}$/.test(job)) {
    throw new UserError(`--job ${job}: expected the 16 digits that the log calls a job by.`);
  }
  const range = {
    follow,
    lines: Math.max(lineNumber(lines), job === undefined ? 0 : LINES_SEARCHED),
    ...(since === undefined ? {} : { since: momentOf(since) }),
  };
  const { env } = process;
  const found = findLogs(project, stack, agent, env);
  // Neither ^C nor a reader that has gone is a failure of following.
  const interrupted = new AbortController();
  const { signal } = interrupted;
  const end = () => interrupted.abort();
  const stop = listenToInterruptions({ onFirst: end, onImpatience: end });
  const width = found.length > 1 ? Math.max(...found.map(({ agentId }) => agentId.length)) : 0;
  let isJobKnown = false;
  const read = async (log: AgentLog): Promise<void> => {
    const onLine = (line: string) => {
      if (job !== undefined && eventOf(line)?.["job"] !== job) return;
      isJobKnown = true;
      printLine(shown(log.agentId, line, width, json), json);
    };
    try {
      await readLog(log, range, { env, signal, onLine });
      const reported = job !== undefined && (await showReport(project, log, job, json, { env, signal }));
      isJobKnown ||= reported;
    } catch (error) {
      if (signal.aborted) return;
      // The others' logs are worth reading all the same.
      if (found.length === 1 || !(error instanceof UserError)) throw error;
      print(`${log.agentId}: ${error.message}\n`, process.stderr);
    }
  };
  try {
    if (follow) await Promise.all(found.map(read));
    else for (const log of found) await read(log);
  } finally {
    stop();
  }
  if (job !== undefined && !isJobKnown && !follow) throw noSuchJob(job, agent, flags);
  return 0;
}

function noSuchJob(job: string, agent: string | undefined, { stack, since }: LogsFlags): UserError {
  const whose = agent === undefined ? `of stack ${stack}` : `of ${agent}`;
  const when =
    since === undefined ? `the last ${LINES_SEARCHED} lines` : `since ${since}, in ${LINES_SEARCHED} lines`;
  return new UserError(`There is no job ${job} in the logs ${whose} (${when}).`);
}

/**
 * Writes what the store knows of a job that failed: texts that are in no log, as they may quote the customer. Returns whether it knows
 * any.
 */
async function showReport(
  project: Project,
  { agentId, place }: AgentLog,
  job: string,
  json: boolean,
  options: CallOptions,
): Promise<boolean> {
  const report = await readFailureReport(project, place, job, options);
  if (!report) return false;
  const text = json
    ? JSON.stringify({ agent: agentId, event: "failure_report", job, report })
    : failureLines(report).join("\n");
  printLine(text, json);
  return true;
}

/** For programs as it is; for people so that it is seen where an event begins. */
function printLine(line: string, json: boolean): void {
  if (json) process.stdout.write(`${line}\n`);
  else print(`${line}\n`, process.stdout, "    ");
}

function shown(agentId: string, line: string, width: number, json: boolean): string {
  const event = eventOf(line);
  if (json) return JSON.stringify({ agent: agentId, ...(event ?? { message: line }) });
  const prefix = width === 0 ? "" : `${agentId.padEnd(width)}  `;
  return `${prefix}${event ? eventText(event) : printable(line)}`;
}

/** Return a line of the crew runtime as the event that it is; undefined for anything else. */
function eventOf(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const event = JSON.parse(line) as Record<string, unknown>;
    return typeof event["event"] === "string" ? event : undefined;
  } catch {
    return undefined;
  }
}

/** Return an event for people: its time (to the second on a terminal), level and name, then its own fields. */
function eventText({
  time,
  level,
  event,
  agent: _agent,
  instance: _instance,
  ...fields
}: Record<string, unknown>): string {
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const when = process.stdout.isTTY ? String(time).replace(/\.\d+(?:\+00:00|Z)$/, "Z") : time;
  return printable([when, String(level).padEnd(7), event, ...rest].join(" "));
}
