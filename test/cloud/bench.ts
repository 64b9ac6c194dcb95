/**
 * `npm run bench:cloud [-- --agents 1,10,25]`: what a stack on ECS costs on this machine, in real containers: the cold path by phase, and
 * what each further agent adds. Prints tables; asserts nothing.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { localRun } from "../../stacks/local/local-stack.ts";
import { openProject } from "../../stacks/project.ts";
import { formatTable } from "../../cli/table.ts";
import { type EngineEvent, type RunResult, destroy, setConfig, up } from "../../local/engine/index.ts";
import { repository } from "../helpers/project.ts";
import { docker, inspect } from "../image/docker.ts";
import { agent } from "./agents.ts";
import { containersOf } from "./inventory.ts";
import { type CloudWorld, startCloudWorld } from "./world.ts";

const HELP = `npm run bench:cloud [-- --agents 1,10,25]

Brings a stack on an emulated ECS up to each of the numbers of agents in turn, and destroys it at the end.
`;

type StepEnd = Extract<EngineEvent, { kind: "step-end" }>;

/** What a first deployment is made of, by what the resources are called. */
const PHASES: readonly (readonly [name: string, is: (step: StepEnd["step"]) => boolean])[] = [
  [
    "the runtime's image, built and pushed",
    ({ type, name }) => type.endsWith(":Image") && name === "_runtime",
  ],
  ["the agent's image, built and pushed", ({ type, name }) => type.endsWith(":Image") && name !== "_runtime"],
  [
    "AWS's resources but the service",
    ({ type }) => type.startsWith("aws:") && !/:(Service|Parameter)$/.test(type),
  ],
  ["the service, until it is steady", ({ type }) => /:(Service|EcsRollout)$/.test(type)],
  [
    "probe, registration, confirmation",
    ({ type }) => type.includes("/masumi:") || type.includes("masumi:Agent"),
  ],
  ["the identifier, for the crew", ({ type }) => /:(Parameter|CrewDrain)$/.test(type)],
];

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(1);
const since = (started: number): string => seconds(performance.now() - started);

interface Run {
  readonly milliseconds: number;
  readonly ends: readonly StepEnd[];
}

async function run(world: CloudWorld, agents: number, operation: typeof up | typeof destroy): Promise<Run> {
  const { project } = world;
  const ends: StepEnd[] = [];
  const started = performance.now();
  const result: RunResult = await operation({
    ...localRun(openProject(project.root), "local"),
    env: project.env,
    onEvent: (event) => {
      if (event.kind === "step-end") ends.push(event);
    },
  });
  if (!result.ok) {
    const said = result.diagnostics.filter(({ severity }) => severity === "error");
    throw new Error(said.map(({ message }) => message).join("\n"));
  }
  return { milliseconds: performance.now() - started, ends };
}

/** How long at least one step of each phase was under way: phases overlap, so they do not add up. */
function phaseRows({ ends }: Run): string[][] {
  return PHASES.map(([name, is]) => {
    const steps = ends
      .filter(({ step }) => is(step))
      .map(({ time, milliseconds }) => ({ from: time - milliseconds, to: time }))
      .toSorted((a, b) => a.from - b.from);
    let [busy, until] = [0, 0];
    for (const { from, to } of steps) {
      busy += Math.max(0, to - Math.max(from, until));
      until = Math.max(until, to);
    }
    return [name, seconds(busy)];
  });
}

/** What an agent's image adds to the runtime's, and what its container takes while it waits. */
async function bytesOf(
  { emulator }: CloudWorld,
  id: string,
): Promise<readonly [image: string, memory: string]> {
  const [container = ""] = await containersOf(emulator, id);
  const image = String(await inspect(container, ".Image"));
  const layer = (await docker(["history", "--human=false", "--format", "{{.Size}}", image])).split("\n")[0];
  const memory = await docker(["stats", "--no-stream", "--format", "{{.MemUsage}}", container]);
  return [layer ?? "", memory.replace(/ \/.*/, "")];
}

const idOf = (index: number) => `bench-${String(index).padStart(2, "0")}`;

async function bench(counts: readonly number[]): Promise<void> {
  const started = performance.now();
  const world = await startCloudWorld({
    domain: "agents.example.com",
    logs: join(repository, ".masumi/cloud-logs/bench"),
  });
  try {
    // Two cores load one crew after the other, where AWS would give each its own.
    const stack = localRun(openProject(world.project.root), "local");
    await setConfig(stack, "masumi:probeSeconds", "900");
    const phases: string[][] = [["this world: emulator, database, base image", since(started)]];
    const rows: string[][] = [];
    let before = 0;
    for (const count of counts) {
      for (let index = before; index < count; index++)
        world.project.write(`agents/${idOf(index)}.yaml`, agent(`Bench ${index}`));
      const made = await run(world, count, up);
      if (before === 0) phases.push(...phaseRows(made), ["up, as a whole", seconds(made.milliseconds)]);
      const [image, memory] = await bytesOf(world, idOf(count - 1));
      const each = seconds(made.milliseconds / (count - before));
      rows.push([String(count), `${count - before} more`, seconds(made.milliseconds), each, image, memory]);
      const unchanged = await run(world, count, up);
      rows.push([String(count), "no-op", seconds(unchanged.milliseconds), "", "", ""]);
      before = count;
    }
    const gone = await run(world, before, destroy);
    rows.push([String(before), "destroy", seconds(gone.milliseconds), "", "", ""]);

    const date = new Date().toISOString().slice(0, 10);
    process.stdout.write(`${date}, ${availableParallelism()} cores, Node ${process.version}\n\n`);
    process.stdout.write(`${formatTable(["phase of the first up", "seconds"], phases)}\n`);
    const headings = [
      "agents",
      "run",
      "seconds",
      "for each",
      "bytes of its layer",
      "memory of its container",
    ];
    process.stdout.write(formatTable(headings, rows));
  } finally {
    await world.close();
  }
}

const { values } = parseArgs({
  options: {
    help: { type: "boolean", short: "h" },
    agents: { type: "string", default: "1,10,25" },
  },
});
const counts = values.agents.split(",").map(Number);
if (values.help) process.stdout.write(HELP);
else if (counts.some((count, index) => !(count > (counts[index - 1] ?? 0)))) {
  throw new Error(`--agents ${values.agents}: expected rising numbers, as 1,10,25`);
} else await bench(counts);
