import { readFileSync, readdirSync } from "node:fs";

const SAMPLE_EVERY_MS = 250;

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
  readonly command: string;
}

function processes(): Map<number, ProcessInfo> {
  const found = new Map<number, ProcessInfo>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      found.set(Number(pid), { parent: field("PPid"), residentMiB: field("VmRSS") / 1024, command });
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

/** Peak resident memory in MiB of a process and all below it, by what each is for; empty where there is no /proc. */
export class MemoryWatch {
  readonly #peaks = new Map<Role, number>();
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(root: number) {
    if (process.platform === "linux") this.#timer = setInterval(() => this.#sample(root), SAMPLE_EVERY_MS);
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
      if (belongs(pid)) now.set(roleOf(info), (now.get(roleOf(info)) ?? 0) + info.residentMiB);
    }
    for (const [role, mib] of now) this.#peaks.set(role, Math.max(mib, this.#peaks.get(role) ?? 0));
  }
}
