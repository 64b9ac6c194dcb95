import { readFileSync, readdirSync, readlinkSync } from "node:fs";
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
/** Of a socket in the file system that takes connections. */
const UNIX_ACCEPTS = 0x1_0000;

/** What listens on this machine, by the inodes of the sockets: TCP ports and sockets in the file system. */
function listeners(): Map<string, string> {
  const found = new Map<string, string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of rowsOf(table)) {
      const [, local = "", , state, , , , , , inode] = line;
      if (state === TCP_LISTEN && inode) found.set(`socket:[${inode}]`, local);
    }
  }
  for (const [, , , flags = "0", , , inode, path = "(no name)"] of rowsOf("/proc/net/unix")) {
    if ((Number.parseInt(flags, 16) & UNIX_ACCEPTS) !== 0) found.set(`socket:[${inode}]`, path);
  }
  return found;
}

const rowsOf = (table: string): string[][] =>
  readFileSync(table, "utf8")
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/));

/** Where processes listen. */
function listening(pids: readonly number[]): string[] {
  const places = listeners();
  return pids.flatMap((pid) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        const place = places.get(readlinkSync(`/proc/${pid}/fd/${fd}`));
        return place === undefined ? [] : [`${pid} ${place}`];
      });
    } catch {
      return [];
    }
  });
}

describe.skipIf(process.platform !== "linux")("other processes of the machine", () => {
  it("find no port and no socket to ask the engine, the program or the provider host at", async () => {
    await project.want({ name: "slow", milliseconds: 500 });
    const before = new Set(listening(family()));
    const open = new Set<string>();
    let processes = 0;
    const { ok } = await up(
      project.options({
        onEvent: (event) => {
          if (event.kind !== "step-start") return;
          processes = Math.max(processes, family().length);
          for (const port of listening(family())) if (!before.has(port)) open.add(port);
        },
      }),
    );
    expect(ok).toBe(true);
    expect(processes, "the program and the provider host are looked at").toBeGreaterThanOrEqual(3);
    expect([...open]).toEqual([]);
  });
});
