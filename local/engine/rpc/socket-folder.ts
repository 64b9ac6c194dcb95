import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The longest path that every system takes for a socket, in bytes. */
const LONGEST_PATH = 100;

/**
 * Where the engine and the processes that it starts meet: sockets in a folder that no other user may enter. The protocol knows no
 * password, and a port of 127.0.0.1 is open to every process of the machine.
 */
export class SocketFolder {
  readonly #folder: string | undefined;
  #count = 0;

  constructor() {
    const folder = process.platform === "win32" ? undefined : mkdtempSync(join(tmpdir(), "engine-"));
    const isUsable = folder !== undefined && Buffer.byteLength(join(folder, "provider-9999")) <= LONGEST_PATH;
    if (folder !== undefined && !isUsable) rmSync(folder, { recursive: true });
    this.#folder = isUsable ? folder : undefined;
  }

  /** The path of another socket; undefined where there can be none, and a port has to do. */
  next(name: string): string | undefined {
    this.#count += 1;
    return this.#folder === undefined ? undefined : join(this.#folder, `${name}-${this.#count}`);
  }

  remove(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}
