import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { type TestProject, repository } from "./project.ts";

export interface AtTerminal {
  /** All that the screen has shown, without colours and control characters. */
  screen(): string;
  /** The same as it was sent. */
  raw(): string;
  type(text: string): void;
  /** Closes the terminal, as closing its window does. */
  close(): void;
  readonly exitCode: Promise<number | null>;
}

/** Starts `masumi-agents` as npx does, at a terminal of so many columns. */
export function startAtTerminal(project: TestProject, words: readonly string[], columns = 80): AtTerminal {
  const pty = join(dirname(fileURLToPath(import.meta.url)), "at_terminal.py");
  const command = [
    process.execPath,
    join(repository, "cli/masumi-agents.js"),
    "--cwd",
    project.root,
    ...words,
  ];
  const { CI: _ci, NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env;
  const child = spawn("python3", [pty, String(columns), ...command], {
    cwd: project.root,
    env: { ...env, TERM: "xterm-256color", ...project.env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  child.stdin.on("error", () => undefined);
  return {
    screen: () => stripVTControlCharacters(shown).replaceAll("\r", ""),
    raw: () => shown,
    type: (text) => void child.stdin.write(text),
    close: () => void child.kill("SIGTERM"),
    exitCode: once(child, "close").then(([code]) => code as number | null),
  };
}
