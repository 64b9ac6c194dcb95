import { fileURLToPath } from "node:url";

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

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
    "quiet-sdk.cjs",
    "untraced-sdk.cjs",
  ].flatMap((name) => ["--require", file(name)]),
];

/** What ends a provider host whose engine is gone, and lets nobody but the engine ask it. */
export const GUARD_FLAGS: readonly string[] = [
  "--import",
  new URL("guard.js", import.meta.url).href,
  "--require",
  file("private-socket.cjs"),
];

/** The same for the program, which gets a pipe for it as its fourth file. */
export const PROGRAM_GUARD_FLAGS: readonly string[] = ["--require", file("program-guard.cjs")];
