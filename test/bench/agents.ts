/**
 * `npm run bench [-- 100 1000]`: how long the program takes for many agents that are registered only (`url:`), against
 * the sandbox with an instant chain. Prints a table; asserts nothing.
 */
import { readFileSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { formatTable } from "../../cli/table.ts";
import { startSandbox } from "../../local/sandbox/index.ts";
import { outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject } from "../helpers/project.ts";
import { SandboxControl } from "../helpers/sandbox-control.ts";

const SAMPLE_EVERY_MS = 250;

interface ProcessInfo {
  readonly parent: number;
  readonly residentKiB: number;
}

function processes(): Map<number, ProcessInfo> {
  const found = new Map<number, ProcessInfo>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
      found.set(Number(pid), { parent: field("PPid"), residentKiB: field("VmRSS") });
    } catch (error) {
      // A process may end between the listing and the look.
      if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  return found;
}

/** Resident memory of a process and all below it, in MiB; 0 where there is no /proc. */
function treeMiB(root: number): number {
  if (process.platform !== "linux") return 0;
  const all = processes();
  const belongs = (pid: number): boolean => pid === root || (pid > 1 && belongs(all.get(pid)?.parent ?? 0));
  const sum = [...all]
    .filter(([pid]) => belongs(pid))
    .reduce((total, [, info]) => total + info.residentKiB, 0);
  return sum / 1024;
}

async function measure(project: TestProject, words: readonly string[]) {
  const started = performance.now();
  const { child, done } = project.start(...words, "--json");
  let peak = 0;
  const sampler = setInterval(() => (peak = Math.max(peak, treeMiB(child.pid ?? 0))), SAMPLE_EVERY_MS);
  const { exitCode, stderr } = await done;
  clearInterval(sampler);
  if (exitCode !== 0) throw new Error(`${words.join(" ")} failed:\n${stderr.slice(-3000)}`);
  return { seconds: (performance.now() - started) / 1000, peak };
}

async function bench(agents: number): Promise<string[][]> {
  const outside = await startOutsideAgents();
  const sandbox = await startSandbox({ chainSpeed: "instant" });
  const control = new SandboxControl(sandbox.url);
  const project = new TestProject();
  project.useSandbox(sandbox.url);
  for (let index = 0; index < agents; index++) {
    project.write(`agents/bench-${index}.yaml`, outsideAgent(`Bench ${index}`, outside.url));
  }
  const rows: string[][] = [];
  try {
    for (const [name, ...words] of [
      ["create", "up"],
      ["no-op", "up"],
      ["refresh", "refresh"],
      ["destroy", "destroy"],
    ]) {
      await control.resetRequests();
      const { seconds, peak } = await measure(project, words);
      const routes = Object.entries(await control.requests()).toSorted((a, b) => b[1] - a[1]);
      const requests = routes.map(([route, count]) => `${count} ${route}`).join("\n");
      rows.push([String(agents), name ?? "", seconds.toFixed(1), peak.toFixed(0), requests]);
    }
  } finally {
    await project.dispose();
    await sandbox.close();
    await outside.close();
  }
  return rows;
}

const sizes = process.argv.slice(2).map(Number);
const rows: string[][] = [];
for (const agents of sizes.length > 0 ? sizes : [100, 1000]) rows.push(...(await bench(agents)));
process.stdout.write(
  `${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} cores, Node ${process.version}\n\n`,
);
process.stdout.write(formatTable(["agents", "run", "seconds", "peak MiB", "requests"], rows));
