import { spawn, spawnSync } from "node:child_process";
import type { Project } from "./project.ts";

/** Runs the real Pulumi CLI (the one on PATH, else the one that npx fetches) with the same words; its exit code. */
export function runRealPulumi(project: Project, words: readonly string[], agents: number): Promise<number> {
  const installed = spawnSync("pulumi", ["version"], { stdio: "ignore" }).status === 0;
  const [command, ...first] = installed ? ["pulumi"] : ["npx", "pulumi"];
  const parallel = process.env["PULUMI_PARALLEL"] ?? String(agents + 16);
  return new Promise((done, failed) => {
    const child = spawn(command ?? "pulumi", [...first, ...words], {
      cwd: project.root,
      stdio: "inherit",
      env: { ...process.env, PULUMI_PARALLEL: parallel },
    });
    child.once("error", failed);
    child.once("exit", (code) => done(code ?? 1));
  });
}
