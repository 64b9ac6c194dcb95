import type { Project } from "../stacks/project.ts";
import { runRealPulumi } from "../stacks/real-pulumi.ts";

/** Pass words on to the real Pulumi CLI, which gets this terminal, and return its exit code. */
export const passToPulumi = (project: Project, words: readonly string[]): Promise<number> =>
  runRealPulumi(project, words, { env: process.env, output: "inherit" });
