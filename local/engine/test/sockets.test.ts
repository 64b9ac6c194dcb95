import { readFileSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { up } from "../index.ts";
import { TestProject } from "./helpers/project.ts";

let project: TestProject;
beforeEach(async () => (project = await TestProject.create()));
afterEach(() => project.remove());

/** This process and those that it started, directly or not. */
function family(): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const [, parent = "0"] = /\) \S (\d+) /.exec(readFileSync(`/proc/${name}/stat`, "utf8")) ?? [];
      parents.set(Number(name), Number(parent));
    } catch {
      // It has ended since.
    }
  }
  const found = [process.pid];
  for (const pid of found) for (const [child, parent] of parents) if (parent === pid) found.push(child);
  return found;
}

const TCP_LISTEN = "0A";

/** The TCP ports that processes listen on, by the inodes of their sockets. */
function listening(pids: readonly number[]): string[] {
  const inodes = new Map<string, string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of readFileSync(table, "utf8").split("\n").slice(1)) {
      const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === TCP_LISTEN && inode) inodes.set(`socket:[${inode}]`, local);
    }
  }
  return pids.flatMap((pid) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        const port = inodes.get(readlinkSync(`/proc/${pid}/fd/${fd}`));
        return port === undefined ? [] : [`${pid} ${port}`];
      });
    } catch {
      return [];
    }
  });
}

/** The modes of the folders that hold providers' sockets. Other runs' folders may go while they are looked at. */
const modesOfSocketFolders = (): number[] =>
  readdirSync(tmpdir())
    .filter((name) => name.startsWith("engine-"))
    .map((name) => join(tmpdir(), name))
    .flatMap((folder) => {
      try {
        const hasSockets = readdirSync(folder).some((name) => name.startsWith("provider-"));
        return hasSockets ? [statSync(folder).mode & 0o777] : [];
      } catch {
        return [];
      }
    });

describe.skipIf(process.platform !== "linux")("other processes of the machine", () => {
  it("find no port to ask the engine, the program or the provider host at", async () => {
    await project.want({ name: "slow", milliseconds: 500 });
    const before = new Set(listening(family()));
    const open = new Set<string>();
    const modes = new Set<number>();
    let processes = 0;
    const { ok } = await up(
      project.options({
        onEvent: (event) => {
          if (event.kind !== "step-start") return;
          processes = Math.max(processes, family().length);
          for (const port of listening(family())) if (!before.has(port)) open.add(port);
          for (const mode of modesOfSocketFolders()) modes.add(mode);
        },
      }),
    );
    expect(ok).toBe(true);
    expect(processes, "the program and the provider host are looked at").toBeGreaterThanOrEqual(3);
    expect([...open]).toEqual([]);
    expect([...modes]).toEqual([0o700]);
  });
});
