import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { UserError } from "../user-error.ts";
import type { LogReader } from "./reader.ts";

/** The CLI does not select lines: of a log that several agents share, so many times the lines are looked at. */
const SHARED_BY = 10;

/** Reads a container's log, with the Docker CLI: it reaches every engine that a stack may name, over ssh too. */
export const readDocker: LogReader<{ readonly container: string; readonly host?: string }> = async (
  { container, host },
  { lines, since, follow },
  { env, signal, onLine, keeps },
) => {
  const words = [
    ...(host === undefined ? [] : ["--host", host]),
    "logs",
    "--tail",
    String(keeps ? lines * SHARED_BY : lines),
    ...(since === undefined ? [] : ["--since", new Date(since).toISOString()]),
    ...(follow ? ["--follow"] : []),
    container,
  ];
  const child = spawn("docker", words, { env: { ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const end = () => void child.kill();
  signal?.addEventListener("abort", end, { once: true });
  // The container's stderr comes on the CLI's, where the CLI's own complaint comes too: as its only line, with its exit code.
  let last = "";
  const lineOf = (line: string) => {
    last = line;
    if (keeps?.(line) ?? true) onLine(line);
  };
  try {
    const ended = once(child, "close") as Promise<[number | null]>;
    const [[code]] = await Promise.all([
      ended,
      eachLine(child.stdout, lineOf),
      eachLine(child.stderr, lineOf),
    ]);
    signal?.throwIfAborted();
    if (code !== 0) throw new UserError(`docker logs ${container} failed (exit code ${code}): ${last}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new UserError(
      `The log is read with the Docker CLI, which is not on PATH. Install it, or read the log where the engine runs: docker logs ${container}`,
    );
  } finally {
    signal?.removeEventListener("abort", end);
  }
};

async function eachLine(stream: Readable, onLine: (line: string) => void): Promise<void> {
  let rest = "";
  for await (const chunk of stream.setEncoding("utf8")) {
    const lines = `${rest}${String(chunk)}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  }
  if (rest !== "") onLine(rest);
}
