import { readFileSync } from "node:fs";

/** Whether a process runs, whosever it is; one that has ended counts as gone also while its parent has not asked how. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
  return !isZombie(pid);
}

/** In a container without an init it stays listed for good; where there is no /proc, it counts as running. */
function isZombie(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
