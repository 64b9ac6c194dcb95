import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { preview, up, type RunOptions } from "../index.ts";
import { TestProject } from "./helpers/project.ts";

// Each run starts two processes; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 180_000 });

let project: TestProject;

beforeEach(async () => {
  project = await TestProject.create();
});

afterEach(() => project.remove());

/** A run whose provider also records when it is loaded, and what it is asked. */
const telling = (more: Partial<RunOptions> = {}): RunOptions =>
  project.options({ ...more, env: { TELLS_QUESTIONS: "yes" } });

describe("a resource whose inputs alone decide", () => {
  const decided: Partial<RunOptions> = { decidesByInputs: (code) => code.includes("thing.ts") };

  it("is left alone without asking its provider, which is asked again when an input changes", async () => {
    await project.want({ name: "a", token: true }, { name: "b", dependsOn: ["a"] });
    expect((await up(telling(decided))).changes.create).toBe(3);
    await project.calls();
    for (const run of [preview, up]) {
      expect((await run(telling(decided))).changes).toMatchObject({ same: 3, update: 0 });
      expect(await project.calls()).toEqual([]);
    }

    await project.want({ name: "a", token: true }, { name: "b", dependsOn: ["a"], size: 2 });
    expect((await up(telling(decided))).changes).toMatchObject({ same: 2, update: 1 });
    expect(await project.calls()).toEqual(["load things", "check b", "diff b", "update b", "update done b"]);
    expect((await up(telling(decided))).changes).toMatchObject({ same: 3, update: 0 });
    expect(await project.calls()).toEqual([]);
  });

  it("is compared by its provider where nobody says so, and where another's code is meant", async () => {
    await project.want({ name: "a" });
    await up(telling());
    for (const more of [{}, { decidesByInputs: () => false }]) {
      await project.calls();
      expect((await up(telling(more))).changes.same).toBe(2);
      expect(await project.calls()).toEqual(["load things", "check a", "diff a"]);
    }
  });

  it("is made anew with what it is deleted with", async () => {
    const b = { name: "b", options: { deletedWith: "a" } };
    await project.want({ name: "a", kind: "x" }, b);
    await up(telling(decided));
    await project.want({ name: "a", kind: "y" }, b);
    expect((await up(telling(decided))).changes).toMatchObject({ replace: 2 });
    expect((await up(telling(decided))).changes).toMatchObject({ same: 3, replace: 0 });
  });
});

describe("modules of the providers", () => {
  it("are loaded while the program plans, before anything is asked of them, and nothing else comes of it", async () => {
    await project.want();
    const run = await up(telling({ providerModules: ["../providers/thing.ts"] }));
    expect([run.ok, run.diagnostics]).toEqual([true, []]);
    expect(await project.calls()).toEqual(["load things"]);
  });

  it("that cannot be loaded are told of where they are asked for", async () => {
    await project.want({ name: "a" });
    const run = await up(telling({ providerModules: ["../providers/nothing.ts"] }));
    expect([run.ok, run.changes.create]).toEqual([true, 2]);
  });
});

describe("what is judged while the processes load", () => {
  it("ends the run before anything is registered, or lets it go on", async () => {
    await project.want({ name: "a" });
    const refused = await up(telling({ meanwhile: () => false }));
    expect(refused).toMatchObject({ ok: false, exitCode: 1, steps: [] });
    expect(await project.calls()).toEqual([]);
    expect((await up(telling({ meanwhile: () => true }))).changes.create).toBe(2);
  });
});
