import type * as fs from "node:fs";
import { afterEach, expect, it, vi } from "vitest";

afterEach(() => {
  vi.doUnmock("node:fs");
  vi.unstubAllEnvs();
  vi.resetModules();
});

it.each([
  ["are left out", undefined, false],
  ["run and fail where they are demanded", "required", true],
])("without PostgreSQL, the tests that need it %s", async (_what, demanded, run) => {
  vi.stubEnv("MASUMI_TEST_POSTGRES", demanded);
  vi.doMock("node:fs", async (original) => ({ ...(await original<typeof fs>()), globSync: () => [] }));
  vi.resetModules();
  const { postgresIsThere, startPostgres } = await import("./postgres.ts");
  expect(postgresIsThere).toBe(run);
  await expect(startPostgres("unused")).rejects.toThrow("PostgreSQL's initdb is not on this machine");
});
