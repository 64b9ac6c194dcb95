import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Node runs the tests' processes from TypeScript files, which it can since then. */
const NEEDED_NODE = [22, 18] as const;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < NEEDED_NODE[0] || (major === NEEDED_NODE[0] && minor < NEEDED_NODE[1])) {
  console.error(
    `The tests need Node >= ${NEEDED_NODE.join(".")}, and this is ${process.versions.node}. ` +
      "Run one file with `npx vitest run <file>` (npx takes the Node that the project installs), or everything with `npm test`.",
  );
  process.exit(1);
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "local/engine/test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/fixtures/**"],
    globalSetup: ["test/helpers/temporary-files.ts", "test/helpers/untouched-checkout.ts"],
    // The long tests wait for processes of their own; one worker a core would leave cores idle.
    maxWorkers: availableParallelism() + 1,
    // The tests run stacks of every name on whatever Node they run on; none of them has a key of anybody's.
    env: { MASUMI_BUNDLED_NODE: "1" },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A condition is waited for as long as a busy machine may need; vitest's own second is not.
    expect: { poll: { timeout: 30_000 } },
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
