import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { EngineError } from "../errors.ts";
import { isRecord } from "../json.ts";
import { writeFileAtomically } from "./files.ts";

interface LockContent {
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  readonly timestamp: string;
}

/**
 * The CLI's own lock of a stack: a file `<uuid>.json` in the stack's lock folder; any other file there means "locked". Both engines
 * honour each other's locks, and `pulumi cancel` removes ours.
 *
 * One difference: a lock of this host whose process is dead is taken over, with a warning. Its owner was killed (kill -9, power cut) and
 * cannot release it; the state on disk is whole after every step, so nothing is gained by asking somebody to delete a file by hand.
 * A lock of another host, or of a process that lives, is always respected.
 */
export class StackLock {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** @throws EngineError STACK_LOCKED */
  static async acquire(folder: string, warn: (message: string) => void): Promise<StackLock> {
    await mkdir(folder, { recursive: true });
    await refuseIfLocked(folder, undefined, warn);
    const name = `${randomUUID()}.json`;
    const lock = new StackLock(join(folder, name));
    const content: LockContent = {
      pid: process.pid,
      username: userInfo().username,
      hostname: hostname(),
      timestamp: new Date().toISOString(),
    };
    await writeFileAtomically(lock.#file, JSON.stringify(content));
    try {
      // Somebody may have locked at the same moment: both then see the other and both give way.
      await refuseIfLocked(folder, name, warn);
    } catch (error) {
      await lock.release();
      throw error;
    }
    return lock;
  }

  async release(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}

async function refuseIfLocked(
  folder: string,
  own: string | undefined,
  warn: (message: string) => void,
): Promise<void> {
  const holders: string[] = [];
  for (const name of await readdir(folder)) {
    if (name === own || !name.endsWith(".json")) continue;
    const file = join(folder, name);
    const lock = await readLock(file);
    if (lock !== undefined && lock.hostname === hostname() && !isAlive(lock.pid)) {
      warn(
        `Took over the lock of process ${lock.pid} (${lock.username}, ${lock.timestamp}): that process is no longer running.`,
      );
      await rm(file, { force: true });
      continue;
    }
    holders.push(
      lock === undefined
        ? file
        : `${file}: created by ${lock.username}@${lock.hostname} (pid ${lock.pid}) at ${lock.timestamp}`,
    );
  }
  if (holders.length > 0) {
    throw new EngineError(
      "STACK_LOCKED",
      `The stack is locked by ${holders.length} lock(s):\n  ${holders.join("\n  ")}`,
      "Wait for the other process to end; if it is gone for good, delete the lock file.",
    );
  }
}

async function readLock(file: string): Promise<LockContent | undefined> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, "utf8"));
  } catch {
    return undefined;
  }
  if (!isRecord(parsed)) return undefined;
  const { pid, username, hostname: host, timestamp } = parsed;
  if (typeof pid !== "number" || typeof host !== "string") return undefined;
  return { pid, hostname: host, username: String(username), timestamp: String(timestamp) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, but belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
