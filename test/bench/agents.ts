/**
 * `npm run bench [-- 100 1000] [-- --chain-speed 2000] [-- --rounds 3]`: what the program costs for many agents that are registered
 * only (`url:`), against the sandbox (default: an instant chain), beside a plain script that registers as
 * many and, where a `pulumi` is on PATH, the same program on the real CLI. Prints tables of medians; asserts nothing.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { delimiter, dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { formatTable } from "../../cli/table.ts";
import { findPulumi } from "../../local/engine/test/helpers/real-pulumi.ts";
import { startSandbox } from "../../local/sandbox/index.ts";
import { parallelSteps } from "../../stacks/agents.ts";
import { type OutsideAgents, outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import type { TestProject } from "../helpers/project.ts";
import { SandboxControl } from "../helpers/sandbox-control.ts";
import { type ChainSpeed, declareMany, fundsFor, seller } from "./many-agents.ts";
import { postAndPoll } from "./post-and-poll.ts";
import { MemoryWatch, type Role } from "./process-memory.ts";

interface Measured {
  readonly seconds: number;
  readonly peaks: ReadonlyMap<Role, number>;
  readonly cpuSeconds: ReadonlyMap<Role, number>;
  readonly requests: Readonly<Record<string, number>>;
}

type Start = () => Pick<ReturnType<TestProject["start"]>, "done"> & {
  readonly child: { readonly pid?: number | undefined };
};

async function measure(control: SandboxControl, name: string, start: Start): Promise<Measured> {
  await control.resetRequests();
  const started = performance.now();
  const { child, done } = start();
  const watch = new MemoryWatch(child.pid ?? 0);
  const { exitCode, stdout, stderr } = await done;
  const peaks = watch.stop();
  if (exitCode !== 0) throw new Error(`${name} failed:\n${(stderr || stdout).slice(-3000)}`);
  const seconds = (performance.now() - started) / 1000;
  return { seconds, peaks, cpuSeconds: watch.cpuSeconds, requests: await control.requests() };
}

/** Starts the real CLI's `up` of the stack that the embedded engine has made, on the same state. */
function upOnCli(project: TestProject, pulumi: string, agents: number): ReturnType<Start> {
  const words = ["up", "--stack", "local", "--yes", "--skip-preview", "--non-interactive"];
  const child = spawn(pulumi, [...words, "--parallel", String(parallelSteps(agents))], {
    cwd: project.root,
    env: {
      ...process.env,
      // The program must run on this Node, not on whichever comes first on PATH.
      PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter),
      PULUMI_HOME: project.path("pulumi-home"),
      PULUMI_BACKEND_URL: pathToFileURL(project.path(".masumi/state")).href,
      PULUMI_CONFIG_PASSPHRASE_FILE: project.path(".masumi/passphrase"),
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (data: Buffer) => void printed.push(data.toString()));
  const done = once(child, "close").then(() => ({
    exitCode: child.exitCode,
    stdout: printed.join(""),
    stderr: "",
  }));
  return { child, done };
}

/** The middle one; the higher of the two middle ones of an even number. */
function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

const medianOf = (measured: readonly Measured[], of: (one: Measured) => number | undefined, digits: number) =>
  median(measured.map(of).filter((value) => value !== undefined))?.toFixed(digits) ?? "–";

const PROCESSES: readonly Role[] = ["engine", "program", "provider host"];

/** One row of the table: the run's medians, and the requests of its last round. */
const rowOf = (agents: number, name: string, measured: readonly Measured[]): string[] => [
  String(agents),
  name,
  medianOf(measured, ({ seconds }) => seconds, 1),
  medianOf(measured, ({ cpuSeconds }) => [...cpuSeconds.values()].reduce((sum, one) => sum + one, 0), 1),
  PROCESSES.map((role) => medianOf(measured, ({ cpuSeconds }) => cpuSeconds.get(role), 1)).join(" / "),
  PROCESSES.map((role) => medianOf(measured, ({ peaks }) => peaks.get(role), 0)).join(" / "),
  routes(measured.at(-1)?.requests ?? {}),
];

const routes = (requests: Readonly<Record<string, number>>) =>
  Object.entries(requests)
    .toSorted((a, b) => b[1] - a[1])
    .map(([route, count]) => `${count} ${route}`)
    .join("\n");

/** Bytes of the state per agent and resource type, as JSON without the blanks that the file is indented with. */
function stateBytes(project: TestProject): Record<string, number> {
  const state = JSON.parse(project.read(".masumi/state/.pulumi/stacks/masumi-agents/local.json")) as {
    checkpoint: { latest: { resources: { type: string }[] } };
  };
  const sums: Record<string, number> = {};
  const { resources } = state.checkpoint.latest;
  for (const resource of resources) {
    const type = resource.type.replace(/^.*[:/]/, "");
    sums[type] = (sums[type] ?? 0) + JSON.stringify(resource).length;
  }
  const agents = resources.filter(({ type }) => type.endsWith(":AgentRegistration")).length;
  return Object.fromEntries(Object.entries(sums).map(([type, bytes]) => [type, Math.round(bytes / agents)]));
}

const RUNS = [
  ["create", "up"],
  ["no-op", "up"],
  ["one changed", "up"],
  ["refresh", "refresh"],
  ["destroy", "destroy"],
] as const;

/** On the CLI: `create` and `no-op` of what the embedded engine has destroyed. */
const CLI_RUNS = ["create, real CLI", "no-op, real CLI"] as const;

async function benchProgram(agents: number, chainSpeed: ChainSpeed, rounds: number): Promise<string[][]> {
  const pulumi = findPulumi();
  const names = [...RUNS.map(([name]) => name), ...(pulumi === undefined ? [] : CLI_RUNS)];
  const measured = new Map<string, Measured[]>(names.map((name) => [name, []]));
  const outside = await startOutsideAgents();
  try {
    for (let round = 0; round < rounds; round++) {
      await benchRound({ agents, chainSpeed, outside, pulumi }, (name, one) => measured.get(name)?.push(one));
    }
  } finally {
    await outside.close();
  }
  return [...measured].map(([name, runs]) => rowOf(agents, name, runs));
}

interface Round {
  readonly agents: number;
  readonly chainSpeed: ChainSpeed;
  readonly outside: OutsideAgents;
  readonly pulumi: string | undefined;
}

/** One round in a world of its own: what earlier ones deregistered stays in the service's list, and would be read with the rest. */
async function benchRound(
  { agents, chainSpeed, outside, pulumi }: Round,
  found: (name: string, measured: Measured) => void,
): Promise<void> {
  const { control, project, close } = await declareMany(agents, chainSpeed, outside);
  const onEngine = (name: string, ...words: readonly string[]) =>
    measure(control, name, () => project.start(...words, "--json"));
  try {
    for (const [name, ...words] of RUNS) {
      if (name === "one changed") {
        project.write("agents/bench-0.yaml", outsideAgent("Bench 0", outside.url, { price: "5 ADA" }));
      }
      found(name, await onEngine(name, ...words));
      if (name === "no-op") sizes.set(agents, JSON.stringify(stateBytes(project)));
    }
    if (pulumi === undefined) return;
    for (const name of CLI_RUNS)
      found(name, await measure(control, name, () => upOnCli(project, pulumi, agents)));
  } finally {
    await close();
  }
}

async function benchScript(agents: number, chainSpeed: ChainSpeed): Promise<string[]> {
  const sandbox = await startSandbox({ chainSpeed });
  try {
    await new SandboxControl(sandbox.url).fund(seller().vkey, fundsFor(agents));
    const names = Array.from({ length: agents }, (_, index) => `Bench ${index}`);
    const started = performance.now();
    await postAndPoll(
      {
        url: `${sandbox.url}/api/v1`,
        key: "sandbox-pay-key",
        ...seller(),
      },
      names,
    );
    const seconds = (performance.now() - started) / 1000;
    const requests = await new SandboxControl(sandbox.url).requests();
    return [String(agents), "plain script", seconds.toFixed(1), "", "", "", routes(requests)];
  } finally {
    await sandbox.close();
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "chain-speed": { type: "string", default: "instant" },
    rounds: { type: "string", default: "1" },
  },
});
const speed = values["chain-speed"] === "instant" ? "instant" : Number(values["chain-speed"]);
const sizes = new Map<number, string>();
const rows: string[][] = [];
for (const agents of positionals.length > 0 ? positionals.map(Number) : [100, 1000]) {
  rows.push(...(await benchProgram(agents, speed, Number(values.rounds))), await benchScript(agents, speed));
}
const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};
process.stdout.write(
  `${new Date().toISOString().slice(0, 10)}, version ${version}, ${availableParallelism()} cores, Node ${process.version}, chain ${speed}\n\n`,
);
process.stdout.write(
  formatTable(
    [
      "agents",
      "run",
      "seconds",
      "CPU s",
      `CPU s of ${PROCESSES.join(" / ")}`,
      "peak MiB of these",
      "requests",
    ],
    rows,
  ),
);
process.stdout.write(
  `\n${formatTable(
    ["agents", "bytes of state per agent, by resource type"],
    [...sizes].map(([agents, bytes]) => [String(agents), bytes]),
  )}`,
);
