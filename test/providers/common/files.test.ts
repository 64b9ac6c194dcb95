import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createAtomicallySync,
  writeAtomically,
  writeAtomicallySync,
} from "../../../providers/common/atomic-write.ts";
import { withLockFile } from "../../../providers/common/lock-file.ts";
import { writeFileAtomically } from "../../../local/engine/state/files.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "files-"));
  file = join(folder, "note");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Linux has a device that is always full. */
describe.runIf(existsSync("/dev/full"))("a disk that is full", () => {
  it.each<[string, string, () => Promise<void> | void]>([
    ["a file", "new", () => writeAtomicallySync(file, "text")],
    ["a file that must last", "new", () => writeAtomically(file, "text")],
    ["a state", "tmp", () => writeFileAtomically(file, "text")],
  ])("is named as the reason, with the file: %s", async (_what, ending, write) => {
    writeFileSync(file, "before");
    symlinkSync("/dev/full", `${file}.${process.pid}.${ending}`);
    await expect(async () => write()).rejects.toMatchObject({
      code: "FILE_NOT_WRITTEN",
      message: expect.stringMatching(new RegExp(`${file} could not be written: the disk is full`)) as string,
    });
    expect(readFileSync(file, "utf8")).toBe("before");
    expect(readdirSync(folder)).toEqual(["note"]);
  });
});

describe("a file that is created once", () => {
  it("keeps what the first has written", () => {
    expect(createAtomicallySync(file, "first", 0o600)).toBe(true);
    expect(createAtomicallySync(file, "second")).toBe(false);
    expect(readFileSync(file, "utf8")).toBe("first");
    expect(readdirSync(folder)).toEqual(["note"]);
  });
});

describe("a lock file", () => {
  it("lets one after another work", async () => {
    let working = 0;
    let most = 0;
    const work = async () => {
      working += 1;
      most = Math.max(most, working);
      await sleep(20);
      working -= 1;
    };
    await Promise.all(Array.from({ length: 5 }, () => withLockFile(file, work)));
    expect(most).toBe(1);
    expect(existsSync(file)).toBe(false);
  });

  it("of a process that is gone, or from before the machine started, is taken over", async () => {
    writeFileSync(file, "999999999");
    expect(await withLockFile(file, () => Promise.resolve("after a kill"))).toBe("after a kill");
    writeFileSync(file, String(process.pid));
    utimesSync(file, 1, 1);
    expect(await withLockFile(file, () => Promise.resolve("after a reboot"))).toBe("after a reboot");
  });

  it("of a living process is waited for, until the signal", async () => {
    writeFileSync(file, String(process.pid));
    const late = withLockFile(file, () => Promise.resolve(), AbortSignal.timeout(300));
    await expect(late).rejects.toMatchObject({ name: "AbortError" });
    expect(readFileSync(file, "utf8")).toBe(String(process.pid));
  });
});
