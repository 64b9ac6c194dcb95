import { createHash } from "node:crypto";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { readFile, readdir, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { syncFolder, writeAtomically } from "../../common/atomic-write.ts";
import { RegistrationError } from "./errors.ts";
import type { Network } from "./model.ts";
import { FORGET } from "./rules/unlisted.ts";

/** A registration that was requested, and of which nobody knows what became of it. */
export interface UnsettledRequest {
  readonly agentId: string;
  readonly network: string;
  /** ISO-8601, this machine's clock. */
  readonly startedAt: string;
}

const note = z.object({ agentId: z.string(), network: z.string(), startedAt: z.iso.datetime() });
/** What notes of earlier versions have as well. */
const oldNote = note.pick({ startedAt: true });

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
 * run that is killed during its POST, or whose answer is lost, leaves its note behind. The service may still do the work, even much
 * later, so no run on this machine sends another POST until the registration was seen or a person has settled the matter
 * (MASUMI_FORGET_REGISTRATION). Notes contain no credentials.
 */
export class IntentNotes {
  readonly #folder: string | undefined;
  /** Resolves when the folder itself is on disk. */
  #folderKept: Promise<unknown> | undefined;

  /** @param projectFolder undefined if there is none, so no note can be written */
  constructor(projectFolder: string | undefined) {
    this.#folder = projectFolder === undefined ? undefined : join(projectFolder, ".masumi", "intents");
  }

  /**
   * Notes that `body` is about to be sent, and returns once the note is on disk.
   *
   * @throws RegistrationError INTENT_NOT_WRITABLE
   */
  async write(key: IntentKey, agentId: string, body: unknown): Promise<void> {
    const path = this.#path(key);
    if (path === undefined) throw notWritable("There is no Pulumi.yaml in this folder or a folder above it.");
    const { marker, network } = key;
    const startedAt = new Date().toISOString();
    const note = { agentId, marker, network, startedAt, body: sha256(JSON.stringify(body)) };
    try {
      await this.#keepFolder(dirname(path));
      await writeAtomically(path, `${JSON.stringify(note)}\n`);
    } catch (error) {
      // Nothing was sent, and nobody must look for it.
      await this.remove(key);
      throw notWritable(`${path}: ${(error as Error).message}.`);
    }
  }

  /** Makes the folder unless it is there, and returns once it is on disk, for which those above it must be. */
  async #keepFolder(folder: string): Promise<void> {
    const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (made !== undefined) this.#folderKept = undefined;
    const masumi = dirname(folder);
    this.#folderKept ??= Promise.all([masumi, dirname(masumi)].map(syncFolder));
    try {
      await this.#folderKept;
    } catch (error) {
      this.#folderKept = undefined;
      throw error;
    }
  }

  /** Removes a note once the outcome is known. A note that cannot be removed only costs waiting time. */
  async remove(key: IntentKey): Promise<void> {
    const path = this.#path(key);
    if (path !== undefined) await unlink(path).catch(() => undefined);
  }

  /** Returns when a request of unknown outcome was started, in Unix milliseconds; never in the future. */
  async startedAt(key: IntentKey): Promise<number | undefined> {
    const path = this.#path(key);
    const writtenMs = path === undefined ? undefined : modifiedAt(path);
    if (path === undefined || writtenMs === undefined) return undefined;
    const noted = readStart(await readFile(path, "utf8").catch(() => ""));
    return Math.min(noted ?? writtenMs, Date.now());
  }

  /** Returns the notes that are there, by agent. One that cannot be read, or is of an earlier version, is left out. */
  async all(): Promise<UnsettledRequest[]> {
    const folder = this.#folder;
    if (folder === undefined) return [];
    const files = await readdir(folder).catch(() => []);
    const texts = await Promise.all(
      files
        .filter((file) => file.endsWith(".json"))
        .map((file) => readFile(join(folder, file), "utf8").catch(() => "")),
    );
    return texts
      .flatMap((text) => {
        const read = note.safeParse(parseJson(text));
        return read.success ? [read.data] : [];
      })
      .toSorted((a, b) => a.agentId.localeCompare(b.agentId));
  }

  #path({ url, network, marker }: IntentKey): string | undefined {
    return this.#folder && join(this.#folder, `${sha256(`${url} ${network} ${marker}`).slice(0, 32)}.json`);
  }
}

/** Looked up at once, without a promise or an error: a thousand agents are asked about, and hardly one has a note. */
function modifiedAt(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readStart(text: string): number | undefined {
  const started = oldNote.safeParse(parseJson(text));
  return started.success ? Date.parse(started.data.startedAt) : undefined;
}

/** The error for a registration that must not be requested, because what became of an earlier request is unknown. */
export const unsettled = (agentId: string, startedAt: number): RegistrationError =>
  new RegistrationError({
    code: "REGISTRATION_UNSETTLED",
    what:
      `The registration of ${agentId} was requested at ${new Date(startedAt).toISOString()}, and what became of it is unknown: ` +
      "no answer came, and the payment service does not list it. It may still carry out the request.",
    remedy:
      "Run again later: as soon as the registration is listed, it is taken over. Only if the payment service's administrator " +
      `has made sure that it never will be: with ${FORGET}=${agentId} in its environment up requests the registration again.`,
  });

const notWritable = (why: string) =>
  new RegistrationError({
    code: "INTENT_NOT_WRITABLE",
    what: `The note about the registration could not be written, so nothing was sent: ${why}`,
  });
