import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { UserError } from "../user-error.ts";
import type { LogReader } from "./reader.ts";

/** Reads a container's log, with the Docker CLI: it reaches every engine that a stack may name, over ssh too. */
export const readDocker: LogReader<{ readonly container: string; readonly host?: string }> = async (
  { container, host },
  { lines, since, follow },
  { env, signal, onLine },
) => {
  const words = [
    ...(host === undefined ? [] : ["--host", host]),
    "logs",
    "--tail",
    String(lines),
    ...(since === undefined ? [] : ["--since", new Date(since).toISOString()]),
    ...(follow ? ["--follow"] : []),
    container,
  ];
  const child = spawn("docker", words, { env: { ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const end = () => void child.kill();
  signal?.addEventListener("abort", end, { once: true });
  // The container's stderr comes on the CLI's, where the CLI's own complaint comes too: as its only line, with its exit code.
  let last = "";
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => onLine((last = line)));
  }
  try {
    const [code] = (await once(child, "close")) as [number | null];
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
