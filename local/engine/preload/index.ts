import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** What randomInt can tell apart at most. */
const MOST_RUNS = 2 ** 48 - 1;

/** Node's flags for any process that starts from TypeScript; where this is compiled, nothing does. */
export const KEPT_JAVASCRIPT_FLAGS: readonly string[] = import.meta.filename.endsWith(".ts")
  ? ["--require", file("kept-javascript.cjs")]
  : [];

/**
 * Node's flags for what makes the program and the dynamic provider cheaper; each file says how. JavaScript, not TypeScript: Node then need
 * not load its type stripper, which would cost more than they do.
 */
export const PRELOAD_FLAGS: readonly string[] = [
  ...KEPT_JAVASCRIPT_FLAGS,
  ...[
    "deferred-modules.cjs",
    "late-inspector.cjs",
    "remembered-traces.cjs",
    "remembered-positions.cjs",
    "lazy-properties.cjs",
    "quiet-sdk.cjs",
    "untraced-sdk.cjs",
  ].flatMap((name) => ["--require", file(name)]),
];

/** What makes the two talk to the engine over a pipe, their fourth file, wherever they are given such an address. */
export const PIPE_FLAGS: readonly string[] = ["--require", file("piped-grpc.cjs")];

/**
 * Returns the engine's address for a run: another one each time, as with ports, since a program's provider tells its own run by it. It ends
 * with a newline, at which gRPC throws: a copy of the SDK that the preloads do not know, in a bundle perhaps, would else dial it, hear that
 * nobody is there, and take that for the end of the run.
 */
export const pipeAddress = (): string => `pipe:${randomInt(MOST_RUNS)}\n`;

/** What has a provider host load the modules in ENGINE_PROVIDER_MODULES early: names in a list, as JSON. */
export const EARLY_FLAGS: readonly string[] = ["--require", file("early-modules.cjs")];

/** What ends a provider host whose engine is gone. */
export const GUARD_FLAGS: readonly string[] = ["--import", new URL("guard.js", import.meta.url).href];
