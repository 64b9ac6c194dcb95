import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, posix } from "node:path";
import { writeAtomicallySync } from "../../common/atomic-write.ts";
import { separateStack } from "../../common/local-stack.js";
import { withLockFile } from "../../common/lock-file.ts";
import { portsFile } from "./paths.ts";

const FIRST_PORT = 20_000;
const PORTS = 10_000;

function readPorts(file: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, number>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}

/** What an agent is called in the file: by its id, and by its stack too if that has crews apart from others. */
const nameOf = (agentId: string, stack?: string): string =>
  posix.join(separateStack(stack ?? "") ?? "", agentId);

/** Returns the port that is already reserved for an agent, if there is one. */
export const reservedPort = (projectRoot: string, agentId: string, stack?: string): number | undefined =>
  readPorts(portsFile(projectRoot))[nameOf(agentId, stack)];

/**
 * Returns the ports reserved for agents on this machine, by id, and records them in .masumi/ports.json (agent -> port). Runs of several
 * stacks may do so at once.
 *
 * A port is derived from the project's folder and the agent's id, so it is known before anything runs: a preview can show
 * the agent's URL, and a changed crew never looks like a changed URL. In a collision the next free number is reserved.
 */
export async function reservePorts(
  projectRoot: string,
  agentIds: readonly string[],
  stack?: string,
): Promise<ReadonlyMap<string, number>> {
  const file = portsFile(projectRoot);
  const named = agentIds.map((id) => [id, nameOf(id, stack)] as const);
  const missing = (ports: Readonly<Record<string, number>>) => named.filter(([, name]) => !(name in ports));
  if (missing(readPorts(file)).length > 0) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    await withLockFile(`${file}.lock`, async () => {
      const ports = readPorts(file);
      for (const [, name] of missing(ports))
        ports[name] = freePort(file, name, new Set(Object.values(ports)));
      writeAtomicallySync(file, `${JSON.stringify(ports, null, 2)}\n`);
    });
  }
  const ports = readPorts(file);
  return new Map(named.flatMap(([id, name]) => (ports[name] === undefined ? [] : [[id, ports[name]]])));
}

function freePort(file: string, name: string, taken: ReadonlySet<number>): number {
  const hash = createHash("sha256").update(`${file}\n${name}`).digest();
  let offset = hash.readUInt32BE(0) % PORTS;
  while (taken.has(FIRST_PORT + offset)) offset = (offset + 1) % PORTS;
  return FIRST_PORT + offset;
}
