import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { writeAtomically } from "../../common/atomic-write.ts";
import { RegistrationError } from "../service/errors.ts";
import type { Network } from "../service/model.ts";

/** Identifies a registration before the service has given it an id. */
export interface IntentKey {
  /** masumi:paymentServiceUrl */
  readonly url: string;
  readonly network: Network;
  readonly marker: string;
}

const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");

/** Returns the nearest folder at or above `from` that has a Pulumi.yaml; undefined if there is none. */
export function findProjectFolder(from: string): string | undefined {
  const folder = resolve(from);
  if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
  return dirname(folder) === folder ? undefined : findProjectFolder(dirname(folder));
}

/**
 * Notes on disk about registrations that are about to be requested: `.masumi/intents/<hash>.json` in the project's folder. A
 * run that is killed during its POST leaves its note behind. The service may still do the work seconds later, so the next run
 * on this machine looks longer before it sends its own POST. Notes contain no credentials.
 */
export class IntentNotes {
  readonly #folder: string | undefined;

  /** @param projectFolder undefined if there is none, so no note can be written */
  constructor(projectFolder: string | undefined) {
    this.#folder = projectFolder === undefined ? undefined : join(projectFolder, ".masumi", "intents");
  }

  /**
   * Notes that `body` is about to be sent, and returns once the note is on disk.
   *
   * @throws RegistrationError INTENT_NOT_WRITABLE
   */
  async write({ url, network, marker }: IntentKey, body: unknown): Promise<void> {
    const path = this.#path({ url, network, marker });
    if (path === undefined) throw notWritable("There is no Pulumi.yaml in this folder or a folder above it.");
    const note = { marker, network, startedAt: new Date().toISOString(), body: sha256(JSON.stringify(body)) };
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeAtomically(path, `${JSON.stringify(note)}\n`);
    } catch (error) {
      throw notWritable(`${path}: ${(error as Error).message}.`);
    }
  }

  /** Removes a note once the outcome is known. A note that cannot be removed only costs waiting time. */
  async remove(key: IntentKey): Promise<void> {
    const path = this.#path(key);
    if (path !== undefined) await rm(path, { force: true }).catch(() => undefined);
  }

  /** Returns when a request of unknown outcome was started, in Unix milliseconds; never in the future. */
  async startedAt(key: IntentKey): Promise<number | undefined> {
    const path = this.#path(key);
    const written = path === undefined ? undefined : await stat(path).catch(() => undefined);
    if (path === undefined || !written) return undefined;
    const noted = readStart(await readFile(path, "utf8").catch(() => ""));
    return Math.min(noted ?? written.mtimeMs, Date.now());
  }

  #path({ url, network, marker }: IntentKey): string | undefined {
    return this.#folder && join(this.#folder, `${sha256(`${url} ${network} ${marker}`).slice(0, 32)}.json`);
  }
}

function readStart(text: string): number | undefined {
  try {
    const { startedAt } = JSON.parse(text) as { startedAt?: unknown };
    const time = typeof startedAt === "string" ? Date.parse(startedAt) : Number.NaN;
    return Number.isNaN(time) ? undefined : time;
  } catch {
    return undefined;
  }
}

const notWritable = (why: string) =>
  new RegistrationError({
    code: "INTENT_NOT_WRITABLE",
    what: `The note about the registration could not be written, so nothing was sent: ${why}`,
  });
