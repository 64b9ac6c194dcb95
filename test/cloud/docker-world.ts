/** Everything that a stack of the hosting docker, or of shared crews on it, meets outside, on this machine. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { localRun } from "../../stacks/local/local-stack.ts";
import { openProject } from "../../stacks/project.ts";
import { setConfig } from "../../local/engine/index.ts";
import { RUN, docker } from "../image/docker.ts";
import { type Foundation, layFoundation, takenDown } from "./foundation.ts";

/** Of this run alone, as everything is on the one engine of this machine. */
const PROJECT = RUN.replace("image-test", "story");

/** What the program calls what it makes: after project and stack. */
export const PREFIX = `${PROJECT}-local`;

/** Ports follow from agents' ids: an address of its own keeps a run apart from others on this machine. */
const ADDRESS = ["127", ...randomBytes(3)].join(".");

/** How many jobs one client may ask for in a minute. */
export const START_RATE = 20;

export interface DockerWorld extends Foundation {
  /** What the engine has of the stack, as `kind name`, sorted. */
  inventory(): Promise<string[]>;
  /** Takes down all of it, the last first. */
  close(): Promise<void>;
}

export const startDockerWorld = (
  logs: string,
  hosting: "docker" | "shared" = "docker",
): Promise<DockerWorld> =>
  takenDown(async (undo) => {
    const place = { domain: "agents.example.com", logs, hosting, name: PROJECT };
    const ground = await layFoundation(place, undo);
    const settings = { bind: ADDRESS, url: `http://${ADDRESS}:{port}`, proxyHops: 1 };
    const run = localRun(openProject(ground.project.root), "local");
    await setConfig(run, "masumi:docker", JSON.stringify(settings));
    if (hosting === "shared")
      await setConfig(run, "masumi:shared", JSON.stringify({ on: "docker", code: true }));
    await setConfig(run, "masumi:keepDays", "7");
    await setConfig(run, "masumi:limits", JSON.stringify({ startRate: START_RATE }));
    // What a failed test leaves, it leaves here with its words.
    undo.push(() => sweep(logs));
    return { ...ground, inventory };
  });

/** Whether something is the stack's: what the engine finds by a part of a name may be another one's. */
const isOurs = (name: string) =>
  name === PREFIX || name.startsWith(`${PREFIX}-`) || name.startsWith(`${PREFIX}:`);

const LISTS: Readonly<Record<string, readonly string[]>> = {
  container: ["ps", "--all", "--format", "{{.Names}}"],
  image: ["images", "--format", "{{.Repository}}:{{.Tag}}"],
  network: ["network", "ls", "--format", "{{.Name}}"],
  volume: ["volume", "ls", "--format", "{{.Name}}"],
};

async function inventory(): Promise<string[]> {
  const found = await Promise.all(
    Object.entries(LISTS).map(async ([kind, args]) =>
      (await docker(args))
        .split("\n")
        .filter(isOurs)
        .map((name) => `${kind} ${name}`),
    ),
  );
  return found.flat().toSorted();
}

const REMOVES: Readonly<Record<string, readonly string[]>> = {
  container: ["rm", "--force", "--volumes"],
  image: ["rmi", "--force"],
  network: ["network", "rm"],
  volume: ["volume", "rm"],
};

async function sweep(logs: string): Promise<void> {
  for (const left of await inventory()) {
    const [kind = "", name = ""] = left.split(" ");
    if (kind === "container") await keepLog(name, join(logs, `${name}.log`));
    await docker([...(REMOVES[kind] ?? []), name]);
  }
}

async function keepLog(container: string, file: string): Promise<void> {
  writeFileSync(file, `${await docker(["logs", container])}\n`);
}
