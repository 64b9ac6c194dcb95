import { type ChildProcess, execFileSync } from "node:child_process";

/** kill -9 of a process and of all below it. The engine's children lead groups of their own, so a group is not enough. */
export function killTree({ pid: root, exitCode, signalCode }: ChildProcess): void {
  if (root === undefined || exitCode !== null || signalCode !== null) return;
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const processes = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const tree = [root];
  for (const parent of tree) tree.push(...processes.flatMap(([pid = 0, of]) => (of === parent ? [pid] : [])));
  for (const pid of tree) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
