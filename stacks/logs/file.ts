import { open, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../user-error.ts";
import { type LogReader, timeOf } from "./reader.ts";

/** How much of the end of a log is looked at. */
const TAIL_BYTES = 4 * 1024 * 1024;
const PAUSE_MS = 300;

/** Reads a log that is a file of this machine. */
export const readFile: LogReader<{ readonly path: string }> = async (
  { path },
  { lines, since, follow },
  { onLine, keeps = () => true, signal },
) => {
  const size = await sizeOf(path);
  if (size === undefined && !follow) {
    throw new UserError(`There is no log at ${path}: the crew has not been started on this machine.`);
  }
  const start = Math.max(0, (size ?? 0) - TAIL_BYTES);
  const text = await readFrom(path, start, size ?? 0);
  const all = text.split("\n");
  const rest = all.pop() ?? "";
  const complete = (start > 0 ? all.slice(1) : all).filter(keeps);
  for (const line of lastOf(complete, lines, since)) onLine(line);
  if (!follow) {
    if (rest !== "" && keeps(rest)) onLine(rest);
    return;
  }
  const tell = (line: string) => void (keeps(line) && onLine(line));
  await followFrom(path, { offset: size ?? 0, rest }, tell, signal);
};

/** The last lines from a moment on; what bears no time belongs to the line before it. */
function lastOf(all: readonly string[], lines: number, since = 0): readonly string[] {
  const first = since === 0 ? 0 : all.findIndex((line) => (timeOf(line) ?? 0) >= since);
  return first < 0 ? [] : all.slice(first).slice(-lines);
}

async function followFrom(
  path: string,
  from: { readonly offset: number; readonly rest: string },
  onLine: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  let { offset, rest } = from;
  for (;;) {
    await sleep(PAUSE_MS, undefined, signal ? { signal } : {});
    const size = (await sizeOf(path)) ?? 0;
    // It was begun anew.
    if (size < offset) [offset, rest] = [0, ""];
    if (size === offset) continue;
    const read = `${rest}${await readFrom(path, offset, size)}`.split("\n");
    offset = size;
    rest = read.pop() ?? "";
    read.forEach((line) => onLine(line));
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function readFrom(path: string, start: number, end: number): Promise<string> {
  if (end <= start) return "";
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}
