import { type StdioOptions, spawn, spawnSync } from "node:child_process";
import type { Project } from "./project.ts";

/** The Pulumi CLI on PATH, else the one that npx fetches. */
function pulumi(project: Project, words: readonly string[], stdio: StdioOptions, env: NodeJS.ProcessEnv) {
  const isInstalled = spawnSync("pulumi", ["version"], { stdio: "ignore" }).status === 0;
  const [command, first] = isInstalled ? ["pulumi", []] : ["npx", ["pulumi"]];
  return spawn(command, [...first, ...words], { cwd: project.root, stdio, env });
}

/** Runs the real Pulumi CLI with the same words, on this terminal; its exit code. */
export function runRealPulumi(project: Project, words: readonly string[], agents: number): Promise<number> {
  const parallel = process.env["PULUMI_PARALLEL"] ?? String(agents + 16);
  const child = pulumi(project, words, "inherit", { ...process.env, PULUMI_PARALLEL: parallel });
  return new Promise((done, failed) => {
    child.once("error", failed);
    child.once("exit", (code) => done(code ?? 1));
  });
}

/** What the real Pulumi CLI prints on stdout; undefined when it fails (it says why on stderr itself). */
export function askRealPulumi(project: Project, words: readonly string[]): Promise<string | undefined> {
  const child = pulumi(project, words, ["ignore", "pipe", "inherit"], process.env);
  let printed = "";
  child.stdout?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  return new Promise((done, failed) => {
    child.once("error", failed);
    child.once("close", (code) => done(code === 0 ? printed : undefined));
  });
}
