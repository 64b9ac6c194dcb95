import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import type { Project } from "../../stacks/project.ts";

const main = resolve(import.meta.dirname, "../../portal/main.ts");

/** `portal`: runs the portal as a program of its own until it ends, and returns its exit code. */
export async function portal(project: Project): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, main], {
    // Its folder is this project's .masumi/portal.
    cwd: project.root,
    stdio: "inherit",
  });
  // ^C at a terminal reaches the portal by itself; what only this process is sent is handed on.
  const ignore = () => undefined;
  const handOn = () => void child.kill("SIGTERM");
  process.on("SIGINT", ignore);
  process.on("SIGTERM", handOn);
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    return code ?? 1;
  } finally {
    process.off("SIGINT", ignore);
    process.off("SIGTERM", handOn);
  }
}
