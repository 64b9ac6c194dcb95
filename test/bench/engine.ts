/**
 * How fast the engine is on many trivial dynamic resources: create, no-op, destroy. Where a Pulumi CLI is on PATH both take turns, on the
 * same program. Prints the medians as a table, then the peak memory of the engine's own process with many resources.
 *
 *     node test/bench/engine.ts [resources, default 1000] [rounds, default 3] [resources for the memory, default 5000, 0 = none]
 *
 * The resources are those of the test program, whose provider only answers; so what is measured is the program, the protocol and the
 * state. Every operation is a process of its own, started to ended, as a user would run it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { availableParallelism, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { destroy, initStack, type RunOptions, up } from "../../local/engine/index.ts";
import { findPulumi, runPulumi } from "../../local/engine/test/helpers/real-pulumi.ts";

const SMALL_PROJECT = 3;
/** Times the CLI's default may take; seconds for the small project; megabytes for the memory. */
const TARGETS = { create: 0.25, "no-op": 1.15, destroy: 0.2, small: 2, memory: 600 };
const OPERATIONS = ["create", "no-op", "destroy"] as const;
type Operation = (typeof OPERATIONS)[number];

interface Measurement {
  readonly seconds: number;
  readonly peakMegabytes: number;
}

async function makeProject(count: number): Promise<RunOptions> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "engine-bench-")));
  const program = fileURLToPath(new URL("../../local/engine/test/fixtures/program-esm/", import.meta.url));
  await cp(program, folder, { recursive: true });
  const sdk = createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json");
  await symlink(dirname(dirname(dirname(sdk))), join(folder, "node_modules"));
  const resources = Array.from({ length: count }, (_, index) => ({ name: `r${index}` }));
  await writeFile(join(folder, "wanted.json"), JSON.stringify({ resources }));
  await mkdir(join(folder, "state"));
  const options = {
    projectDir: folder,
    stack: "bench",
    stateRoot: join(folder, "state"),
    passphrase: "x",
    env: { WANTED: join(folder, "wanted.json"), CALLS: join(folder, "calls.jsonl") },
  };
  await initStack(options);
  return options;
}

async function onEngine(operation: Operation, options: RunOptions): Promise<Measurement> {
  const start = performance.now();
  const child = spawn(
    process.execPath,
    [fileURLToPath(import.meta.url), "--run", operation, JSON.stringify(options)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let printed = "";
  child.stdout.on("data", (data: Buffer) => (printed += data.toString()));
  await once(child, "close");
  const seconds = (performance.now() - start) / 1000;
  if (child.exitCode !== 0) throw new Error(`${operation} failed on the engine: ${printed}`);
  return { seconds, peakMegabytes: Number(printed) };
}

/** In the process of its own. */
async function runHere(operation: string, stack: RunOptions): Promise<void> {
  // The state is the benchmark's own.
  const options = { ...stack, trustsProvider: () => true };
  const { ok, diagnostics } = operation === "destroy" ? await destroy(options) : await up(options);
  if (!ok) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  console.log((process.resourceUsage().maxRSS / 1024).toFixed(0));
}

async function onPulumi(pulumi: string, operation: Operation, options: RunOptions): Promise<Measurement> {
  const words = operation === "destroy" ? ["destroy"] : ["up"];
  const start = performance.now();
  const printed: string[] = [];
  const exitCode = await runPulumi(
    pulumi,
    [...words, "--yes", "--skip-preview", "--stack", options.stack],
    {
      folder: options.projectDir,
      stateRoot: options.stateRoot,
      env: {
        ...options.env,
        PATH: [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
      },
    },
    (text) => printed.push(text),
  );
  if (exitCode !== 0) throw new Error(`${operation} failed on the CLI: ${printed.join("")}`);
  return { seconds: (performance.now() - start) / 1000, peakMegabytes: 0 };
}

async function withProject<T>(count: number, work: (options: RunOptions) => Promise<T>): Promise<T> {
  const options = await makeProject(count);
  try {
    return await work(options);
  } finally {
    await rm(options.projectDir, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function compare(count: number, rounds: number): Promise<void> {
  const pulumi = findPulumi();
  if (pulumi === undefined) console.warn("No pulumi on PATH: the engine is measured alone.");
  const times = new Map<string, number[]>();
  const note = (key: string, { seconds }: Measurement): void => {
    times.set(key, [...(times.get(key) ?? []), seconds]);
  };
  for (let round = 0; round < rounds; round += 1) {
    await withProject(count, async (options) => {
      for (const operation of OPERATIONS) note(`engine ${operation}`, await onEngine(operation, options));
    });
    if (pulumi === undefined) continue;
    await withProject(count, async (options) => {
      for (const operation of OPERATIONS)
        note(`pulumi ${operation}`, await onPulumi(pulumi, operation, options));
    });
  }
  console.log(
    `\n${count} resources, medians of ${rounds}, ${availableParallelism()} cores, Node ${process.version}\n`,
  );
  console.log("operation | engine s | pulumi s | ratio | target");
  console.log("----------|----------|----------|-------|-------");
  for (const operation of OPERATIONS) {
    const engine = median(times.get(`engine ${operation}`) ?? []);
    const cli = median(times.get(`pulumi ${operation}`) ?? []);
    const columns = [
      operation.padEnd(9),
      engine.toFixed(1).padStart(8),
      (Number.isNaN(cli) ? "-" : cli.toFixed(1)).padStart(8),
      (Number.isNaN(cli) ? "-" : (engine / cli).toFixed(2)).padStart(5),
      `<= ${TARGETS[operation]}`,
    ];
    console.log(columns.join(" | "));
  }
}

async function small(rounds: number): Promise<void> {
  const seconds = await withProject(SMALL_PROJECT, async (options) => {
    await onEngine("create", options);
    const all: number[] = [];
    for (let round = 0; round < rounds; round += 1) all.push((await onEngine("no-op", options)).seconds);
    return median(all);
  });
  console.log(
    `\nno-op of ${SMALL_PROJECT} resources: ${seconds.toFixed(1)} s (target <= ${TARGETS.small} s)`,
  );
}

async function memory(count: number): Promise<void> {
  await withProject(count, async (options) => {
    const peaks: string[] = [];
    for (const operation of OPERATIONS)
      peaks.push(`${operation} ${(await onEngine(operation, options)).peakMegabytes} MB`);
    console.log(
      `peak of the engine's process with ${count} resources: ${peaks.join(", ")} (target <= ${TARGETS.memory} MB)`,
    );
  });
}

const [first = "1000", second = "3", third = "5000"] = process.argv.slice(2);
if (first === "--run") {
  await runHere(second, JSON.parse(third) as RunOptions);
} else {
  await small(Number(second));
  await compare(Number(first), Number(second));
  if (Number(third) > 0) await memory(Number(third));
}
