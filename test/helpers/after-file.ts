import { afterAll, vi } from "vitest";

/*
 * Files of tests share the processes that run them, because each would otherwise load the project and its packages anew. What a file has
 * changed of its process therefore ends with it.
 */

const before = { ...process.env };

afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
});
