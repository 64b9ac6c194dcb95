import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
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
    await mkdir(folder, { recursive: true, mode: 0o700 });
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

/** A lock file, and who holds it as far as that can be told. */
export interface LockHolder {
  readonly file: string;
  /** `process 4711 of somebody@host, since …`; the file where it does not say. */
  readonly description: string;
  /** Its process ran on this host and has ended. */
  readonly isDead: boolean;
}

/** Everybody who holds a stack's lock. */
export async function lockHolders(folder: string): Promise<LockHolder[]> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  const files = names.filter((name) => name.endsWith(".json")).map((name) => join(folder, name));
  return Promise.all(files.map(holderOf));
}

async function holderOf(file: string): Promise<LockHolder> {
  const lock = await readLock(file);
  if (lock === undefined) return { file, description: file, isDead: false };
  const { pid, username, hostname: host, timestamp } = lock;
  return {
    file,
    description: `process ${pid} of ${username}@${host}, since ${timestamp}`,
    isDead: host === hostname() && !isAlive(pid),
  };
}

export const removeLock = ({ file }: LockHolder): Promise<void> => rm(file, { force: true });

async function refuseIfLocked(
  folder: string,
  own: string | undefined,
  warn: (message: string) => void,
): Promise<void> {
  const others = (await lockHolders(folder)).filter(
    ({ file }) => own === undefined || file !== join(folder, own),
  );
  for (const holder of others.filter(({ isDead }) => isDead)) {
    warn(`Took over the lock of ${holder.description}: that process is no longer running.`);
    await removeLock(holder);
  }
  const living = others.filter(({ isDead }) => !isDead);
  if (living.length === 0) return;
  throw new EngineError(
    "STACK_LOCKED",
    `The stack is locked by ${living.length === 1 ? "another run" : `${living.length} other runs`}:\n  ${living
      .map(({ description, file }) => (description === file ? file : `${description} (${file})`))
      .join("\n  ")}`,
    "Wait until it has ended. If it is gone for good, remove its lock with `cancel`.",
  );
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

/** One that has ended stays in the list of processes until its parent asks how; where there is no /proc, it counts as alive. */
function isZombie(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && /\) Z /.test(readFileSync(file, "utf8"));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    // EPERM: it lives, but belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
