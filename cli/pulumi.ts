import type { ChildProcess } from "node:child_process";
import { countAgents } from "../stacks/agents.ts";
import type { Project } from "../stacks/project.ts";
import { runRealPulumi } from "../stacks/pulumi/real-pulumi.ts";
import { listenToInterruptions } from "./interruption.ts";
import { printProgress } from "./text.ts";

/**
 * Pass words on to the real Pulumi CLI, which gets this terminal, and return its exit code. One interruption here is one there, and a
 * second ^C a second one.
 */
export async function passToPulumi(
  project: Project,
  stack: string,
  words: readonly string[],
): Promise<number> {
  const interrupted = new AbortController();
  let cli: ChildProcess | undefined;
  const stop = listenToInterruptions({
    onFirst: () => interrupted.abort(),
    onImpatience: () => void cli?.kill("SIGINT"),
  });
  const resize = () => void cli?.kill("SIGWINCH");
  process.on("SIGWINCH", resize);
  try {
    return await runRealPulumi(project, words, {
      env: process.env,
      signal: interrupted.signal,
      agents: countAgents(project, stack),
      output: "inherit",
      onNotice: printProgress,
      onStart: (child) => (cli = child),
    });
  } finally {
    process.off("SIGWINCH", resize);
    stop();
  }
}
