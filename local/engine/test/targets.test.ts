import { readFile, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { destroy, exportState, preview, refresh, stackOutputs, up } from "../index.ts";
import { TestProject } from "./helpers/project.ts";

// Each run starts two processes; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 180_000 });

let project: TestProject;

beforeEach(async () => {
  project = await TestProject.create();
});

afterEach(() => project.remove());

const THING = "pulumi-nodejs:dynamic/test:Thing";
const urnOf = (name: string): string => `urn:pulumi:dev::esm-program::${THING}::${name}`;
const group = (name: string): string => `urn:pulumi:dev::esm-program::test:index:Group::${name}`;
const errors = (result: Awaited<ReturnType<typeof up>>): string[] =>
  result.diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);

describe("up of targets", () => {
  it("makes them and nothing else; what is left out has no outputs, and the next whole up makes the rest", async () => {
    await project.want({ name: "a" }, { name: "b" }, { name: "c", dependsOn: ["b"] });
    const first = await up(project.options({ targets: [urnOf("a")] }));
    expect(first).toMatchObject({ ok: true, changes: { create: 2, same: 0 } });
    expect(await project.calls()).toEqual(["create a", "create done a"]);
    expect(await project.names()).toEqual(["a"]);
    expect(JSON.stringify(await exportState(project.options()))).not.toContain("04da6b54");

    expect((await up(project.options())).changes).toMatchObject({ create: 2, same: 2 });
    expect((await up(project.options())).changes).toMatchObject({ create: 0, update: 0, same: 4 });
    expect(await stackOutputs(project.options())).toMatchObject({
      labels: { a: "a:k:0", b: "b:k:0", c: "c:k:0" },
    });
  });

  it("leaves others as the state has them, whatever is declared, and shows the same in a preview", async () => {
    await project.want({ name: "a" }, { name: "b" }, { name: "gone" });
    await up(project.options());
    await project.calls();
    await project.want({ name: "a", size: 1 }, { name: "b", size: 1 }, { name: "new" });
    const targets = [urnOf("b")];
    expect((await preview(project.options({ targets }))).changes).toMatchObject({
      update: 1,
      create: 0,
      delete: 0,
    });
    const result = await up(project.options({ targets }));
    expect(result).toMatchObject({ ok: true, changes: { update: 1, create: 0, delete: 0, same: 2 } });
    expect(await project.calls()).toEqual(["update b", "update done b"]);
    expect(await project.names()).toEqual(["a", "b", "gone"]);
    expect((await up(project.options())).changes).toMatchObject({ update: 1, create: 1, delete: 1 });
  });

  it("is refused where a target needs what does not exist, with all that is missing", async () => {
    await project.want({ name: "a" }, { name: "b", dependsOn: ["a"] });
    const targets = [urnOf("b")];
    for (const run of [preview, up]) {
      const result = await run(project.options({ targets }));
      expect(result.ok).toBe(false);
      expect(errors(result)[0]).toMatch(/^TARGET_NEEDS_OTHER: Resource '.*::b' depends on '.*::a'/u);
    }
    expect(await project.calls()).toEqual([]);
    const both = { targets: [urnOf("a")], targetDependents: true };
    expect((await up(project.options(both))).changes).toMatchObject({ create: 2, same: 1 });
  });

  it("brings along what the state lists before a resource that is left out, and the program no longer has", async () => {
    await project.want({ name: "z" }, { name: "gone" }, { name: "needs", dependsOn: ["gone"] });
    await up(project.options());
    await project.want({ name: "z", size: 1 }, { name: "needs" });
    expect(await up(project.options({ targets: [urnOf("z")] }))).toMatchObject({
      ok: true,
      changes: { update: 1, delete: 0 },
    });
    expect((await project.names()).toSorted()).toEqual(["gone", "needs", "z"]);
    expect((await up(project.options())).changes).toMatchObject({ update: 1, delete: 1 });
  });

  it("takes patterns, and a component with its children where dependents are allowed", async () => {
    await project.want({ name: "g", group: true }, { name: "h", group: true }, { name: "a" });
    const targets = [group("g")];
    expect((await up(project.options({ targets }))).changes).toMatchObject({ create: 2 });
    expect((await up(project.options({ targets, targetDependents: true }))).changes).toMatchObject({
      create: 1,
    });
    expect(await project.names()).toEqual(["g-inner"]);
    expect((await up(project.options({ targets: ["**:Thing::*a"] }))).changes).toMatchObject({ create: 1 });
    expect((await project.names()).toSorted()).toEqual(["a", "g-inner"]);
  });

  it("names a target that nobody has, and deletes nothing", async () => {
    await project.want({ name: "a" }, { name: "b" });
    await up(project.options());
    await project.want({ name: "a" });
    for (const run of [up, preview, destroy, refresh]) {
      const result = await run(project.options({ targets: [urnOf("b"), urnOf("typo")] }));
      expect(result.ok).toBe(false);
      expect(errors(result)[0]).toMatch(/^TARGET_NOT_FOUND: [\s\S]*::typo/u);
    }
    expect(await project.names()).toEqual(["a", "b"]);
  });
});

describe("destroy and refresh of targets", () => {
  it("delete or read them alone; what depends on them must be named or allowed", async () => {
    await project.want({ name: "a" }, { name: "b", dependsOn: ["a"] }, { name: "c" });
    await up(project.options());
    await project.calls();
    const refused = await destroy(project.options({ targets: [urnOf("a")] }));
    expect(refused.ok).toBe(false);
    expect(errors(refused)[0]).toMatch(/^TARGET_NEEDS_OTHER: Resource '.*::b' would be deleted/u);
    expect(await project.calls()).toEqual([]);

    const gone = { env: { GONE: "c" }, targets: [urnOf("a")] };
    expect((await refresh(project.options(gone))).changes).toMatchObject({ same: 1, delete: 0 });
    expect((await project.names()).toSorted()).toEqual(["a", "b", "c"]);

    const result = await destroy(project.options({ targets: [urnOf("a")], targetDependents: true }));
    expect(result).toMatchObject({ ok: true, changes: { delete: 2 } });
    expect(await project.calls()).toEqual(["delete b", "delete done b", "delete a", "delete done a"]);
    expect(await project.names()).toEqual(["c"]);
    expect((await up(project.options())).changes).toMatchObject({ create: 2, same: 2 });
  });
});

describe("a state in which the CLI left outputs unknown, because a run with targets left their resources out", () => {
  it("is mended by a whole up, and stops no other run", async () => {
    await project.want({ name: "a" }, { name: "g", group: true });
    await up(project.options());
    const broken = (await readFile(project.stateFile, "utf8"))
      .replaceAll('"labels":{"a":"a:k:0"', '"labels":{"a":"04da6b54-80e4-46f7-96ec-b56ff0331ba9"')
      .replaceAll('"label":"g-inner:k:0"', '"label":"04da6b54-80e4-46f7-96ec-b56ff0331ba9"');
    expect(broken.match(/04da6b54/gu)?.length).toBeGreaterThan(1);
    for (const run of [preview, refresh, up]) {
      await writeFile(project.stateFile, broken);
      expect(errors(await run(project.options()))).toEqual([]);
    }
    expect(await readFile(project.stateFile, "utf8")).not.toContain("04da6b54");
    expect(await stackOutputs(project.options())).toMatchObject({
      labels: { a: "a:k:0" },
    });
    expect((await up(project.options())).changes).toMatchObject({ create: 0, update: 0, same: 4 });
  });
});
