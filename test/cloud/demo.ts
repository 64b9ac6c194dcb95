/**
 * `npm run demo:cloud`: the agents of agents/ on an emulated AWS of this machine, in real containers, at https addresses of their own,
 * until ^C. Nothing of it reaches AWS or a real chain.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { repository } from "../helpers/project.ts";
import { engineIsThere } from "../image/docker.ts";
import { until } from "./processes.ts";
import { BROWSER_DOMAIN } from "./tls.ts";
import { type CloudWorld, startCloudWorld } from "./world.ts";

const HELP = `npm run demo:cloud

Runs the agents of agents/ as the hosting ecs-alb does: images are built, pushed to an emulated ECR, run as containers by an emulated ECS
behind an emulated load balancer, probed and called by https, registered on a simulated network; then one is hired. Everything stays up
until ^C and is removed then.

Needs a Docker engine on Linux, PostgreSQL's programs, openssl. The first run takes some minutes, most of it for the images.
`;

const LOGS = join(repository, ".masumi/cloud-logs/demo");
const LOADED_MS = 180_000;
const HIRE = ["market=Heat pumps in southern Germany", "question=Enter the market in 2027?"];

const say = (text: string) => void process.stdout.write(`${text}\n`);

/** Runs a command of the project's before the reader's eyes. */
async function show({ project }: CloudWorld, ...words: string[]): Promise<boolean> {
  const child = spawn(process.execPath, [join(repository, "cli/main.ts"), "--cwd", project.root, ...words], {
    env: { ...process.env, NODE_NO_WARNINGS: "1", ...project.env },
    stdio: "inherit",
  });
  const [code] = (await once(child, "close")) as [number | null];
  return code === 0;
}

const takesJobs = (world: CloudWorld, agent: string) =>
  until(`${agent} takes jobs`, LOADED_MS, async () => {
    const { body } = await world.ask(agent, "/availability");
    return (JSON.parse(body) as { status: string }).status === "available" || undefined;
  });

async function demonstrate(world: CloudWorld): Promise<boolean> {
  const { project, proxy, buyersService, emulator, certificate } = world;
  cpSync(join(repository, "agents"), project.path("agents"), { recursive: true });
  say("\nWhat a deployment does (the first images take a minute or two):");
  if (!(await show(world, "up"))) return false;

  say("\nWaiting until the crews have loaded and know their identifiers ...");
  const { agents } = await world.report<{ agents: { id: string; url: string }[] }>("status");
  for (const { id } of agents) await takesJobs(world, id);

  say("\nHiring the market-researcher, as any buyer would, by https:");
  const input = HIRE.flatMap((given) => ["--input", given]);
  await show(world, "hire", "market-researcher", ...input, "--payment-service", buyersService);

  say("\nThe agents, each in a container of its own; a browser does not know who signed their certificate:");
  for (const { id } of agents) say(`  https://${id}.${BROWSER_DOMAIN}:${proxy.port}/availability`);
  say(`With the certificate checked, at the name that is registered:
  curl --cacert ${certificate.file} --connect-to ::127.0.0.1:${proxy.port} ${agents[0]?.url}/availability
The containers:  docker ps --filter ${emulator.containers}
The logs:        ${LOGS}

All of it stays up until ^C.`);
  return true;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { help: { type: "boolean", short: "h" } } });
  if (values.help) {
    say(HELP);
    return 0;
  }
  if (!engineIsThere) {
    say("This needs a Docker engine on Linux that can build (docker info, docker buildx version).");
    return 1;
  }
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve());
  });
  say(
    "Starting an emulated AWS, a simulated payment service, a stub model and PostgreSQL (half a minute) ...",
  );
  const world = await startCloudWorld({ domain: "agents.example.com", logs: LOGS });
  try {
    const isUp = await demonstrate(world);
    if (isUp) await interrupted;
    return isUp ? 0 : 1;
  } finally {
    say("\nTaking everything down ...");
    await world.close();
  }
}

process.exitCode = await main();
