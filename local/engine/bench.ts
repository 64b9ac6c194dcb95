/**
 * How fast the engine is on many trivial dynamic resources: create, no-op, refresh, destroy. Prints a table.
 *
 *     node local/engine/bench.ts [number of resources …]      (default 1000)
 *
 * The resources are those of the test program, whose provider only answers; so what is measured is the program, the protocol and the
 * state. Peak memory is that of the engine's own process.
 */
import { mkdir, mkdtemp, cp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { destroy, initStack, refresh, type RunOptions, type RunResult, up } from "./index.ts";

const PARALLEL = 32;

interface Measurement {
  readonly operation: string;
  readonly seconds: number;
  readonly changes: string;
  readonly peakMegabytes: number;
}

async function makeProject(count: number): Promise<RunOptions> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "engine-bench-")));
  await cp(fileURLToPath(new URL("test/fixtures/program-esm/", import.meta.url)), folder, {
    recursive: true,
  });
  const sdk = createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json");
  await symlink(dirname(dirname(dirname(sdk))), join(folder, "node_modules"));
  const resources = Array.from({ length: count }, (_, index) => ({ name: `r${index}` }));
  await writeFile(join(folder, "wanted.json"), JSON.stringify({ resources }));
  await mkdir(join(folder, "state"));
  const options = {
    projectDir: folder,
    stack: "bench",
    stateRoot: join(folder, "state"),
    passphrase: "bench",
    parallel: PARALLEL,
    env: { WANTED: join(folder, "wanted.json"), CALLS: join(folder, "calls.jsonl") },
  };
  await initStack(options);
  return options;
}

async function measure(operation: string, run: () => Promise<RunResult>): Promise<Measurement> {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 50);
  const start = performance.now();
  const result = await run();
  const seconds = (performance.now() - start) / 1000;
  clearInterval(timer);
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join("\n"));
  const changes = Object.entries(result.changes)
    .filter(([, amount]) => amount > 0)
    .map(([op, amount]) => `${amount} ${op}`)
    .join(", ");
  return { operation, seconds, changes, peakMegabytes: peak / 2 ** 20 };
}

async function bench(count: number): Promise<void> {
  const options = await makeProject(count);
  try {
    const measurements = [
      await measure("create", () => up(options)),
      await measure("no-op", () => up(options)),
      await measure("refresh", () => refresh(options)),
      await measure("destroy", () => destroy(options)),
    ];
    console.log(
      `\n${count} resources, ${PARALLEL} steps at a time, ${availableParallelism()} cores, Node ${process.version}`,
    );
    console.log("operation |  seconds | engine MB | changes");
    console.log("----------|----------|-----------|--------");
    for (const { operation, seconds, changes, peakMegabytes } of measurements) {
      console.log(
        `${operation.padEnd(9)} | ${seconds.toFixed(1).padStart(8)} | ${peakMegabytes.toFixed(0).padStart(9)} | ${changes}`,
      );
    }
  } finally {
    await rm(options.projectDir, { recursive: true, force: true });
  }
}

const counts = process.argv.slice(2).map(Number);
for (const count of counts.length > 0 ? counts : [1000]) await bench(count);
