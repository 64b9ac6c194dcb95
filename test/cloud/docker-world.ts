/** Everything that a stack of the hosting docker meets outside, on this machine. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { docker } from "../image/docker.ts";
import { type Foundation, layFoundation, takenDown } from "./foundation.ts";

/** What the program calls what it makes: after project and stack. */
export const PREFIX = "masumi-agents-local";

export interface DockerWorld extends Foundation {
  /** What the engine has of the stack, as `kind name`, sorted. */
  inventory(): Promise<string[]>;
  /** Takes down all of it, the last first. */
  close(): Promise<void>;
}

export const startDockerWorld = (logs: string): Promise<DockerWorld> =>
  takenDown(async (undo) => {
    const ground = await layFoundation({ domain: "agents.example.com", logs, hosting: "docker" }, undo);
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
  rmSync(file, { force: true });
  writeFileSync(file, `${await docker(["logs", container])}\n`);
}
