import type { CallOptions } from "../project.ts";

/** Which part of a log is wanted. */
export interface LogRange {
  /** The last lines, at most so many. */
  readonly lines: number;
  /** No line from before this moment, in Unix milliseconds. */
  readonly since?: number;
  /** Whether to go on with what is written from now on, until the signal. */
  readonly follow: boolean;
}

/** What reads a log of one kind: hands over its lines, oldest first. */
export type LogReader<Place> = (
  place: Place,
  range: LogRange,
  options: CallOptions & {
    readonly onLine: (line: string) => void;
    /** Which lines are wanted; absent for all. */
    readonly keeps?: ((line: string) => boolean) | undefined;
  },
) => Promise<void>;

/** Return when the crew runtime wrote a line, in Unix milliseconds; undefined for a line of anything else. */
export function timeOf(line: string): number | undefined {
  const found = /^\{"time": ?"([^"]+)"/.exec(line)?.[1];
  const time = found === undefined ? Number.NaN : Date.parse(found);
  return Number.isNaN(time) ? undefined : time;
}

/** Return whether a line of a log that several agents share is another agent's: what says nobody's name concerns all of them. */
export function isOfAnother(line: string, agentId: string): boolean {
  if (!line.includes('"agent"')) return false;
  try {
    const { agent } = JSON.parse(line) as { readonly agent?: unknown };
    return typeof agent === "string" && agent !== agentId;
  } catch {
    return false;
  }
}
