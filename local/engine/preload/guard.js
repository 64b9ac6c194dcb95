/**
 * Loaded into a provider host before anything else. The host serves until it is told to end; after a `kill -9` of the engine nobody
 * tells it, and it would live for ever. Its standard input is a pipe that the engine holds open and never writes to: when it ends, the
 * engine is gone. A request under way gets a moment to be answered; what it did, the next run finds.
 */
const GRACE_MILLISECONDS = 4_000;

process.stdin.on("error", () => undefined);
process.stdin.on("end", () => {
  setTimeout(() => process.exit(1), GRACE_MILLISECONDS).unref();
});
process.stdin.resume();

// Without this the process would die of the signal, and Node would not get to keep the compiled modules for the next run.
process.on("SIGTERM", () => process.exit());
