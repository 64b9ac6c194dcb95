import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { writeAtomicallySync } from "../../common/atomic-write.ts";

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

/** Returns the port that is already reserved for an agent, if there is one. */
export const reservedPort = (file: string, agentId: string): number | undefined => readPorts(file)[agentId];

/**
 * Returns the port reserved for an agent on this machine, and records it in `file` (a JSON object, agent id -> port).
 *
 * The port is derived from the project's folder and the agent's id, so it is known before anything runs: a preview can show
 * the agent's URL, and a changed crew never looks like a changed URL. In a collision the next free number is reserved.
 */
export function reservePort(file: string, agentId: string): number {
  const known = reservedPort(file, agentId);
  if (known !== undefined) return known;
  const ports = readPorts(file);

  const taken = new Set(Object.values(ports));
  const hash = createHash("sha256").update(`${file}\n${agentId}`).digest();
  let offset = hash.readUInt32BE(0) % PORTS;
  while (taken.has(FIRST_PORT + offset)) offset = (offset + 1) % PORTS;

  const port = FIRST_PORT + offset;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeAtomicallySync(file, `${JSON.stringify({ ...ports, [agentId]: port }, null, 2)}\n`);
  return port;
}
