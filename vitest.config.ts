import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "local/engine/test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/fixtures/**"],
    // The long tests wait for processes of their own; one worker a core would leave cores idle.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
