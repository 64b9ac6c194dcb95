import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cancel, deleteFromState, initStack, listStacks, stackExists, up } from "../index.ts";
import { TestProject } from "./helpers/project.ts";

// Each run starts two processes; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 180_000 });

let project: TestProject;

beforeEach(async () => {
  project = await TestProject.create();
});

afterEach(() => project.remove());

const urnOf = (name: string): string =>
  `urn:pulumi:dev::esm-program::pulumi-nodejs:dynamic/test:Thing::${name}`;

describe("a resource that is deleted from the state", () => {
  it("is forgotten, not deleted; the next up makes another", async () => {
    await project.want({ name: "a", token: true }, { name: "b" });
    await up(project.options());
    await project.calls();
    expect(await deleteFromState(project.options(), [urnOf("b")])).toEqual([urnOf("b")]);
    expect(await project.names()).toEqual(["a"]);
    expect(await project.calls()).toEqual([]);
    expect((await up(project.options())).changes).toMatchObject({ create: 1, same: 2 });
  });

  it("is refused while others depend on it, are its children, or it is protected", async () => {
    const protect = { options: { protect: true } };
    await project.want(
      { name: "a" },
      { name: "b", dependsOn: ["a"] },
      { name: "g", group: true },
      { name: "p", ...protect },
    );
    await up(project.options());
    const before = await project.state();
    const group = "urn:pulumi:dev::esm-program::test:index:Group::g";
    await expect(deleteFromState(project.options(), [urnOf("a")])).rejects.toMatchObject({
      code: "RESOURCE_NEEDED",
      message: expect.stringContaining(urnOf("b")),
    });
    await expect(deleteFromState(project.options(), [group])).rejects.toMatchObject({
      code: "RESOURCE_NEEDED",
      message: expect.stringContaining("g-inner"),
    });
    await expect(deleteFromState(project.options(), [urnOf("p")])).rejects.toMatchObject({
      code: "PROTECTED",
    });
    await expect(deleteFromState(project.options(), [urnOf("z")])).rejects.toMatchObject({
      code: "RESOURCE_NOT_FOUND",
    });
    expect(await project.state()).toEqual(before);

    expect(await deleteFromState(project.options(), [urnOf("b"), urnOf("a")])).toEqual([
      urnOf("b"),
      urnOf("a"),
    ]);
    const options = project.options();
    expect((await deleteFromState({ ...options, targetDependents: true }, [group])).length).toBe(2);
    expect(await deleteFromState({ ...options, force: true }, [urnOf("p")])).toEqual([urnOf("p")]);
    await deleteFromState(options, "all");
    expect((await project.state()).checkpoint.latest.resources).toBeUndefined();
  });
});

describe("cancel", () => {
  const lock = async (pid: number): Promise<void> => {
    await mkdir(project.lockFolder, { recursive: true });
    const content = { pid, username: "somebody", hostname: hostname(), timestamp: "then" };
    await writeFile(join(project.lockFolder, `${pid}.json`), JSON.stringify(content));
  };

  it("removes what ended runs left, and says when there is nothing", async () => {
    expect(await cancel(project.options())).toEqual({ removed: [], kept: [] });
    await lock(999_999_999);
    await lock(process.ppid);
    const { removed, kept } = await cancel(project.options());
    expect(removed.map(({ description }) => description)).toEqual([
      expect.stringContaining("999999999 of somebody"),
    ]);
    expect(kept.map(({ description }) => description)).toEqual([
      expect.stringContaining(`process ${process.ppid} of`),
    ]);
    expect(await readdir(project.lockFolder)).toEqual([`${process.ppid}.json`]);
    expect((await cancel(project.options(), { force: true })).removed).toHaveLength(1);
    expect(await readdir(project.lockFolder)).toEqual([]);
  });
});

describe("the stacks of a project", () => {
  it("are listed with what they hold, without a passphrase", async () => {
    await project.want({ name: "a" });
    await up(project.options());
    const other = project.options({ stack: "other" });
    expect(await stackExists(other)).toBe(false);
    await initStack(other);
    expect(await stackExists(other)).toBe(true);
    const { checkpoint } = JSON.parse(await readFile(project.stateFile, "utf8")) as {
      checkpoint: { latest: { manifest: { time: string } } };
    };
    const { projectDir, stateRoot } = project.options();
    expect(await listStacks({ projectDir, stateRoot })).toEqual([
      { name: "dev", lastUpdate: checkpoint.latest.manifest.time, resourceCount: 3, isLocked: false },
      { name: "other", lastUpdate: expect.any(String), resourceCount: 0, isLocked: false },
    ]);
    expect(await listStacks({ projectDir, stateRoot: join(stateRoot, "none") })).toEqual([]);
  });
});
