import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { destroy, up, type RunOptions, type RunResult } from "../index.ts";
import { FileBackend } from "../state/backend.ts";
import { TestProject } from "./helpers/project.ts";

// Each run starts two processes; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 300_000 });

const FEW = 100;
const MANY = 400;
/** Four times as many resources may write seven times as much: how many share a write is a matter of chance. The square would be sixteen. */
const MOST = 7;

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

async function writtenInAll(count: number): Promise<{ create: number; update: number; destroy: number }> {
  await project.want(...groups(count, 1));
  const create = await written(up, count);
  await project.want(...groups(count, 2));
  return { create, update: await written(up, count), destroy: await written(destroy, count) };
}

it("what a run writes grows with the number of resources, not with its square", async () => {
  const few = await writtenInAll(FEW);
  const many = await writtenInAll(MANY);
  expect(many.create / few.create).toBeLessThan(MOST);
  expect(many.update / few.update).toBeLessThan(MOST);
  expect(many.destroy / few.destroy).toBeLessThan(MOST);
});
