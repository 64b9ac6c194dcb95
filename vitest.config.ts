import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { SlowestFirst } from "./test/helpers/slowest-first.ts";

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

/** Their files need a process that no other has used: they have a server, a folder or a name there, or look what is loaded. */
const OWN_PROCESS = [
  "test/providers/masumi/**/*.test.ts",
  "test/infra/deploy/loading.test.ts",
  "test/image/**/*.test.ts",
  "test/plugins/**/*.test.ts",
];
/** Whole stacks on containers: one after the other, since they build the same images. */
const STORIES = ["test/cloud/**/*.test.ts"];
const EXCLUDED = ["**/node_modules/**", "**/fixtures/**"];

export default defineConfig({
  // As the published package is imported (packaging/manifest.ts).
  resolve: { alias: [{ find: /^masumi-agents$/, replacement: `${import.meta.dirname}/library/index.ts` }] },
  test: {
    globalSetup: ["test/helpers/temporary-files.ts", "test/helpers/untouched-checkout.ts"],
    // The long tests wait for processes of their own; one worker a core would leave cores idle.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: SlowestFirst },
    dangerouslyIgnoreUnhandledErrors: false,
    projects: [
      {
        extends: true,
        test: {
          name: "together",
          include: ["test/**/*.test.ts", "local/engine/test/**/*.test.ts"],
          exclude: [...EXCLUDED, ...OWN_PROCESS, ...STORIES],
          // Two thirds of the time of a short file would go into loading what the last one had loaded.
          isolate: false,
          setupFiles: ["test/helpers/after-file.ts"],
        },
      },
      { extends: true, test: { name: "apart", include: OWN_PROCESS, exclude: EXCLUDED } },
      {
        extends: true,
        test: { name: "stories", include: STORIES, exclude: EXCLUDED, fileParallelism: false },
      },
    ],
    // The tests run stacks of every name on whatever Node they run on; none of them has a key of anybody's.
    env: { MASUMI_BUNDLED_NODE: "1" },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A condition is waited for as long as a busy machine may need; vitest's own second is not.
    expect: { poll: { timeout: 30_000 } },
  },
});
