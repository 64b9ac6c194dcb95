import { mkdtempSync, readFileSync, readdirSync } from "node:fs";
import type * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, test, vi } from "vitest";
import { IntentNotes } from "../../../../providers/masumi/service/intents.ts";

const disk = vi.hoisted(() => ({
  /** What was synced, in order: a folder with what was in it when the sync began. */
  synced: [] as { path: string; held: readonly string[] }[],
  /** The error that syncing a path ends with. */
  faults: new Map<string, string>(),
}));

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof fs>();
  const open: typeof real.open = async (path, ...rest) => {
    const handle = await real.open(path, ...rest);
    const sync = handle.sync.bind(handle);
    handle.sync = async () => {
      const isFolder = (await handle.stat()).isDirectory();
      const held = isFolder ? readdirSync(String(path)) : [];
      const code = disk.faults.get(String(path));
      if (code !== undefined) throw Object.assign(new Error(`${code}: fsync`), { code });
      await sync();
      disk.synced.push({ path: String(path), held });
    };
    return handle;
  };
  return { ...real, open };
});

let project: string;
let folder: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "masumi-notes-"));
  folder = join(project, ".masumi", "intents");
  disk.synced.length = 0;
  disk.faults.clear();
});

const key = (marker: string) => ({ url: "http://127.0.0.1:1/api/v1", network: "Preprod", marker }) as const;

/** Whether a folder was synced while it had an entry. */
const isKept = (inFolder: string, entry: string) =>
  disk.synced.some(({ path, held }) => path === inFolder && held.includes(entry));

test("a note is on disk when its write returns, and so are the folders that were made for it", async () => {
  await new IntentNotes(project).write(key("a"), "agent", {});
  const [file = ""] = readdirSync(folder);
  expect([
    isKept(folder, file),
    isKept(join(project, ".masumi"), "intents"),
    isKept(project, ".masumi"),
  ]).toEqual([true, true, true]);
});

test("each of many notes that are written at once is on disk when its write returns", async () => {
  const agents = Array.from({ length: 50 }, (_, index) => `agent-${index}`);
  await Promise.all(
    agents.map(async (agent, index) => {
      await sleep(index % 7);
      const before = new Set(disk.synced);
      await new IntentNotes(project).write(key(agent), agent, {});
      const [file = ""] = readdirSync(folder).filter(
        (name) => name.endsWith(".json") && readFileSync(join(folder, name), "utf8").includes(`"${agent}"`),
      );
      // Not by a sync that was over before.
      expect(
        disk.synced.some((sync) => !before.has(sync) && sync.path === folder && sync.held.includes(file)),
      ).toBe(true);
      expect(isKept(join(project, ".masumi"), "intents")).toBe(true);
    }),
  );
  expect(disk.synced.filter(({ path }) => path === folder).length).toBeLessThan(agents.length);
});

test.each([
  ["EIO", [".masumi", "intents"]],
  ["ENOSPC", [".masumi", "intents"]],
  ["EIO", [".masumi"]],
])(
  "where a folder cannot be brought to disk (%s of %j), nothing is sent and no note is left",
  async (code, path) => {
    disk.faults.set(join(project, ...path), code);
    const notes = new IntentNotes(project);
    await expect(notes.write(key("a"), "agent", {})).rejects.toMatchObject({ code: "INTENT_NOT_WRITABLE" });
    expect(readdirSync(folder)).toEqual([]);
    disk.faults.clear();
    await notes.write(key("a"), "agent", {});
    expect(await notes.all()).toHaveLength(1);
  },
);

test("a folder that its system cannot sync is no fault", async () => {
  disk.faults.set(folder, "EINVAL");
  const notes = new IntentNotes(project);
  await notes.write(key("a"), "agent", {});
  expect(await notes.all()).toHaveLength(1);
});
