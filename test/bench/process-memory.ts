import { readFileSync, readdirSync } from "node:fs";

const SAMPLE_EVERY_MS = 100;

/** What a process of a run is for, told from its command line. */
const ROLES = {
  "provider host": /dynamic-provider/,
  program: /cmd\/run|run\/index/,
  portal: /portal\/main\.ts/,
  "crew services": /-m crew_runtime/,
} as const;
export type Role = keyof typeof ROLES | "engine";

interface ProcessInfo {
  readonly parent: number;
  readonly residentMiB: number;
  readonly cpuSeconds: number;
  readonly command: string;
}

/** Linux counts CPU time in hundredths of a second for whoever reads /proc. */
const TICKS_PER_SECOND = 100;

/** User and system time, the 14th and 15th field; the second is a name in brackets, which may hold anything. */
function cpuSecondsOf(stat: string): number {
  const [, , , , , , , , , , , , user = "0", system = "0"] = stat.slice(stat.lastIndexOf(")") + 1).split(" ");
  return (Number(user) + Number(system)) / TICKS_PER_SECOND;
}

function processes(): Map<number, ProcessInfo> {
  const found = new Map<number, ProcessInfo>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      const cpuSeconds = cpuSecondsOf(readFileSync(`/proc/${pid}/stat`, "utf8"));
      found.set(Number(pid), {
        parent: field("PPid"),
        residentMiB: field("VmRSS") / 1024,
        cpuSeconds,
        command,
      });
    } catch (error) {
      // A process may end between the listing and the look.
      if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  return found;
}

function roleOf({ command }: ProcessInfo): Role {
  const role = (Object.keys(ROLES) as (keyof typeof ROLES)[]).find((name) => ROLES[name].test(command));
  return role ?? "engine";
}

/**
 * Peak resident memory in MiB and CPU time of a process and all below it, by what each is for; empty where there is no /proc. What a process
 * computes after the last look is not counted.
 */
export class MemoryWatch {
  readonly #peaks = new Map<Role, number>();
  readonly #cpu = new Map<number, { readonly role: Role; readonly seconds: number }>();
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(root: number) {
    if (process.platform === "linux") this.#timer = setInterval(() => this.#sample(root), SAMPLE_EVERY_MS);
  }

  get cpuSeconds(): ReadonlyMap<Role, number> {
    const sums = new Map<Role, number>();
    for (const { role, seconds } of this.#cpu.values()) sums.set(role, (sums.get(role) ?? 0) + seconds);
    return sums;
  }

  stop(): ReadonlyMap<Role, number> {
    clearInterval(this.#timer);
    return this.#peaks;
  }

  #sample(root: number): void {
    const all = processes();
    const belongs = (pid: number): boolean => pid === root || (pid > 1 && belongs(all.get(pid)?.parent ?? 0));
    const now = new Map<Role, number>();
    for (const [pid, info] of all) {
      if (!belongs(pid)) continue;
      const role = roleOf(info);
      now.set(role, (now.get(role) ?? 0) + info.residentMiB);
      this.#cpu.set(pid, { role, seconds: info.cpuSeconds });
    }
    for (const [role, mib] of now) this.#peaks.set(role, Math.max(mib, this.#peaks.get(role) ?? 0));
  }
}
