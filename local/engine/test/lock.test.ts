import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StackLock } from "../state/lock.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "engine-lock-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the lock of a stack", () => {
  const locks = (): string => join(folder, "locks");
  const foreign = async (content: object): Promise<void> => {
    await mkdir(locks(), { recursive: true });
    await writeFile(
      join(locks(), "other.json"),
      JSON.stringify({ username: "somebody", timestamp: "then", ...content }),
    );
  };

  it("is a file while it is held", async () => {
    const lock = await StackLock.acquire(locks(), () => undefined);
    const [name = ""] = await readdir(locks());
    expect(JSON.parse(await readFile(join(locks(), name), "utf8"))).toMatchObject({
      pid: process.pid,
      hostname: hostname(),
    });
    await expect(StackLock.acquire(locks(), () => undefined)).rejects.toMatchObject({ code: "STACK_LOCKED" });
    await lock.release();
    expect(await readdir(locks())).toEqual([]);
  });

  it.each<[string, object]>([
    ["of a process that lives", { pid: process.ppid, hostname: hostname() }],
    ["of another host", { pid: 999_999_999, hostname: "elsewhere.example" }],
    ["that cannot be understood", {}],
  ])("%s is respected", async (_, content) => {
    await foreign(content);
    await expect(StackLock.acquire(locks(), () => undefined)).rejects.toMatchObject({ code: "STACK_LOCKED" });
    expect(await readdir(locks())).toEqual(["other.json"]);
  });

  it.runIf(process.platform === "linux")(
    "of a process that has ended and was not waited for is taken over",
    async () => {
      // The shell becomes a program that does not wait for its child.
      const parent = spawn("sh", ["-c", "sleep 0.2 & echo $!; exec sleep 60"]);
      const [said] = (await once(parent.stdout, "data")) as [Buffer];
      const pid = Number(said.toString());
      await vi.waitFor(
        async () => expect(await readFile(`/proc/${pid}/stat`, "utf8")).toMatch(/\) Z /),
        30_000,
      );
      await foreign({ pid, hostname: hostname() });
      const lock = await StackLock.acquire(locks(), () => undefined);
      await lock.release();
      parent.kill();
    },
  );

  it("goes to one of those who ask for it at the same moment, or to none", async () => {
    for (let round = 0; round < 20; round += 1) {
      const asked = [1, 2, 3].map(() => StackLock.acquire(locks(), () => undefined));
      const held = (await Promise.allSettled(asked)).flatMap((one) =>
        one.status === "fulfilled" ? [one.value] : [],
      );
      expect(held.length).toBeLessThanOrEqual(1);
      expect(await readdir(locks())).toHaveLength(held.length);
      for (const lock of held) await lock.release();
    }
  });

  it("of a process of another user, which may not be signalled, is respected", async () => {
    await foreign({ pid: 4711, hostname: hostname() });
    const kill = vi.spyOn(process, "kill").mockImplementation(() => {
      throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
    });
    try {
      await expect(StackLock.acquire(locks(), () => undefined)).rejects.toMatchObject({
        code: "STACK_LOCKED",
      });
      expect(kill).toHaveBeenCalledWith(4711, 0);
    } finally {
      kill.mockRestore();
    }
  });

  it("of a dead process of this host is taken over, with a warning", async () => {
    await foreign({ pid: 999_999_999, hostname: hostname() });
    const warnings: string[] = [];
    const lock = await StackLock.acquire(locks(), (message) => warnings.push(message));
    expect(warnings).toEqual([expect.stringMatching(/process 999999999 of somebody@.*, since then/u)]);
    await lock.release();
  });
});
