import { stat } from "node:fs/promises";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { destroy, up, type RunOptions, type RunResult } from "../index.ts";
import { FileBackend } from "../state/backend.ts";
import { TestProject } from "./helpers/project.ts";

// Each run starts two processes; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 300_000 });

/**
 * As often a run may write the whole state, however many resources it holds. How many steps share a write is a matter of chance, and of how
 * busy the machine is: it is 6 to 40 times. Before steps waited for each other it was 163 times for 100 components, and 708 for 400.
 */
const TIMES_THE_STATE = 60;

let project: TestProject;

beforeEach(async () => {
  project = await TestProject.create();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await project.remove();
});

/** Returns how many bytes of state a run writes. */
async function written(run: (options: RunOptions) => Promise<RunResult>, count: number): Promise<number> {
  const write = vi.spyOn(FileBackend.prototype, "write");
  const { ok } = await run(project.options({ parallel: count + 16 }));
  expect(ok).toBe(true);
  const parts = write.mock.calls.flatMap(([deployment]) => deployment);
  write.mockRestore();
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** Components, each with a resource of the provider's inside. */
const groups = (count: number, size: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `g${index}`, group: true, size }));

it.each([100, 400])(
  "what a run of %i components writes grows with the size of the state, not with its square",
  async (count) => {
    await project.want(...groups(count, 1));
    const created = await written(up, count);
    const { size } = await stat(project.stateFile);
    await project.want(...groups(count, 2));
    const updated = await written(up, count);
    const destroyed = await written(destroy, count);
    expect(Math.max(created, updated, destroyed) / size).toBeLessThan(TIMES_THE_STATE);
  },
);
