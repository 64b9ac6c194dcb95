import { writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { destroy, preview, refresh, up, type RunOptions } from "../index.ts";
import { type ResourceRecord, TestProject } from "./helpers/project.ts";

// Each run starts two processes; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 180_000 });

let project: TestProject;

beforeEach(async () => {
  project = await TestProject.create();
});

afterEach(() => project.remove());

/** What the state says is interrupted, as `creating a`. */
const pending = async (): Promise<string[]> =>
  ((await project.state()).checkpoint.latest.pending_operations ?? []).map(
    ({ type, resource }) => `${type} ${resource.urn.split("::").at(-1)}`,
  );

const warnings = ({ diagnostics }: Awaited<ReturnType<typeof up>>): string[] =>
  diagnostics.filter(({ severity }) => severity === "warning").map(({ message }) => message);

/** A state as a killed run leaves it: these things are being made, and `made` of them were, as the next run found. */
async function interrupted(names: readonly string[], made: readonly string[] = []): Promise<void> {
  await project.want({ name: "g", group: true }, ...names.map((name) => ({ name })));
  await up(project.options());
  const state = await project.state();
  const { latest } = state.checkpoint;
  const { resources = [] } = latest;
  const nameOf = ({ urn }: ResourceRecord): string => urn.slice(urn.lastIndexOf("::") + 2);
  const creating = resources
    .filter((resource) => [...names, "g"].includes(nameOf(resource)))
    .map(({ id: _id, outputs: _outputs, ...resource }) => ({ resource, type: "creating" }));
  const left = resources.filter(
    (resource) => !names.includes(nameOf(resource)) || made.includes(nameOf(resource)),
  );
  const checkpoint = {
    ...state.checkpoint,
    latest: { ...latest, resources: left, pending_operations: creating },
  };
  await writeFile(project.stateFile, JSON.stringify({ ...state, checkpoint }));
  await project.calls();
}

const resuming: Partial<RunOptions> = { resumesCreation: () => true };

describe("a creation that was interrupted", () => {
  it("is done again; its record stays until a person clears it, and every run but a preview says how", async () => {
    await interrupted(["a", "b"]);
    expect(await pending()).toEqual(["creating g", "creating a", "creating b"]);
    expect(warnings(await preview(project.options()))).toEqual([]);
    for (const run of [refresh, up, up]) {
      const said = warnings(await run(project.options()));
      expect(said).toEqual([expect.stringMatching(/::a[\s\S]*::b[\s\S]*`refresh --clear-pending-creates`/u)]);
      // A component is nothing outside: there is nothing to look for.
      expect(said.join("")).not.toContain("::g");
      expect(await pending()).toEqual(["creating a", "creating b"]);
    }
    const cleared = await refresh(project.options({ clearPendingCreates: true }));
    expect([cleared.ok, warnings(cleared)]).toEqual([true, []]);
    expect(await pending()).toEqual([]);
    expect(warnings(await up(project.options()))).toEqual([]);
  });

  it("is settled without a word once its resource is there, if its provider finds what there is", async () => {
    await interrupted(["a", "b"], ["b"]);
    expect(warnings(await up(project.options(resuming)))).toEqual([]);
    expect(await project.calls()).toEqual(["create a", "create done a"]);
    expect(await pending()).toEqual([]);

    await interrupted(["a", "b"], ["a", "b"]);
    expect(warnings(await refresh(project.options(resuming)))).toEqual([]);
    expect(await pending()).toEqual([]);
  });

  it("of a resource that nobody wants any more stays on record, and is named after the run", async () => {
    await interrupted(["a", "b"]);
    await project.want({ name: "b" });
    expect(warnings(await up(project.options(resuming)))).toEqual([
      expect.stringMatching(/still not known[\s\S]*::a\n.*`refresh --clear-pending-creates`/u),
    ]);
    expect(await pending()).toEqual(["creating a"]);
    expect(warnings(await destroy(project.options(resuming)))).toEqual([expect.stringContaining("::a")]);
  });
});
