import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { EngineError, NotImplemented } from "../errors.ts";
import { isRecord } from "../json.ts";
import { writeFileAtomically } from "./files.ts";
import { JoinedText } from "./joined-text.ts";

/** Permissions of a state: what it holds in the clear (names, URLs, wallets) is its owner's alone. */
const PRIVATE = 0o600;

/** The CLI's file backend: `<root>/.pulumi/{meta.yaml, stacks/<project>/<stack>.json, locks/organization/<project>/<stack>/}`. */
export class FileBackend {
  readonly #root: string;
  readonly #project: string;
  readonly #stack: string;
  readonly #text = new JoinedText();
  #backedUp = false;

  constructor(stateRoot: string, project: string, stack: string) {
    this.#root = join(stateRoot, ".pulumi");
    this.#project = project;
    this.#stack = stack;
  }

  /** Where the states of the project's stacks are. */
  get stacksFolder(): string {
    return join(this.#root, "stacks", this.#project);
  }

  get stateFile(): string {
    return join(this.stacksFolder, `${this.#stack}.json`);
  }

  get lockFolder(): string {
    return join(this.#root, "locks", "organization", this.#project, this.#stack);
  }

  /** Creates the backend's folder, or checks that an existing one has a layout this engine knows. @throws EngineError NOT_IMPLEMENTED */
  async prepare(): Promise<void> {
    const meta = join(this.#root, "meta.yaml");
    await mkdir(dirname(this.stateFile), { recursive: true, mode: 0o700 });
    if (existsSync(meta)) {
      const content: unknown = parse(await readFile(meta, "utf8"));
      if (!isRecord(content) || content["version"] !== 1)
        throw new NotImplemented("a state folder of another version than 1", meta);
    } else {
      await writeFileAtomically(meta, "version: 1\n");
    }
    for (const compressed of [".gz", ".zst"]) {
      const file = this.stateFile + compressed;
      if (existsSync(file)) throw new NotImplemented("compressed state", file);
    }
  }

  exists(): boolean {
    return existsSync(this.stateFile);
  }

  /** The `latest` part of the checkpoint, not yet decrypted; undefined for a stack without state. @throws EngineError BAD_STATE, NOT_IMPLEMENTED */
  async read(): Promise<RawDeployment | undefined> {
    const latest = await this.readRaw();
    return latest === undefined ? undefined : rawDeployment(latest, this.stateFile);
  }

  /** The same as it stands in the file. @throws EngineError BAD_STATE, NOT_IMPLEMENTED */
  async readRaw(): Promise<Record<string, unknown> | undefined> {
    if (!this.exists()) return undefined;
    let parsed: unknown;
    try {
      parsed = JSON.parse(await readFile(this.stateFile, "utf8"));
    } catch (error) {
      throw new EngineError(
        "BAD_STATE",
        `${this.stateFile} cannot be read as JSON.`,
        `The state before the last run is in ${this.stateFile}.bak.`,
        { cause: error },
      );
    }
    return latestOf(parsed, this.stateFile);
  }

  /** Keeps a state that must not replace the good one, because it contradicts itself, beside it. Returns the file. */
  async writeRejected(deployment: readonly Buffer[]): Promise<string> {
    const file = `${this.stateFile}.rejected`;
    await writeFileAtomically(file, this.#checkpoint(deployment), PRIVATE);
    return file;
  }

  /**
   * Writes the whole state, given as the parts of its text; on the first write of a run the state before the run is kept as `.bak`. One
   * write at a time. Returns how many bytes that were.
   */
  async write(deployment: readonly Buffer[]): Promise<number> {
    if (!this.#backedUp && this.exists()) await copyFile(this.stateFile, `${this.stateFile}.bak`);
    this.#backedUp = true;
    const text = this.#checkpoint(deployment);
    await writeFileAtomically(this.stateFile, text, PRIVATE);
    return text.length;
  }

  #checkpoint(deployment: readonly Buffer[]): Buffer {
    const stack = JSON.stringify(`organization/${this.#project}/${this.#stack}`);
    const head = Buffer.from(`{"version":3,"checkpoint":{"stack":${stack},"latest":`);
    return this.#text.join([head, ...deployment, Buffer.from("}}")]);
  }
}

export interface RawDeployment {
  readonly salt: string | undefined;
  readonly resources: readonly unknown[];
  readonly pendingOperations: readonly unknown[];
  readonly metadata: unknown;
}

const KNOWN_FIELDS = new Set([
  "manifest",
  "secrets_providers",
  "resources",
  "pending_operations",
  "metadata",
]);

function latestOf(file: unknown, name: string): Record<string, unknown> | undefined {
  const checkpoint = isRecord(file) ? file["checkpoint"] : undefined;
  if (!isRecord(file) || !isRecord(checkpoint))
    throw new EngineError("BAD_STATE", `${name} is not a checkpoint of a stack.`);
  if (file["features"] !== undefined || file["version"] !== 3) {
    throw new NotImplemented("a state file of another version than 3, or with features", name);
  }
  const latest = checkpoint["latest"];
  if (latest === undefined) return undefined;
  if (!isRecord(latest)) throw new EngineError("BAD_STATE", `${name}: "latest" must be an object.`);
  return latest;
}

function rawDeployment(latest: Record<string, unknown>, name: string): RawDeployment {
  for (const key of Object.keys(latest)) {
    if (!KNOWN_FIELDS.has(key)) throw new NotImplemented(`the field "${key}" of the state`, name);
  }
  const list = (key: string): unknown[] => {
    const value = latest[key];
    return Array.isArray(value) ? value : [];
  };
  return {
    salt: saltOf(latest["secrets_providers"], name),
    resources: list("resources"),
    pendingOperations: list("pending_operations"),
    metadata: latest["metadata"] ?? {},
  };
}

function saltOf(providers: unknown, name: string): string | undefined {
  if (providers === undefined) return undefined;
  const state = isRecord(providers) ? providers["state"] : undefined;
  if (!isRecord(providers) || providers["type"] !== "passphrase" || !isRecord(state)) {
    throw new NotImplemented("a secrets provider other than passphrase", name);
  }
  return String(state["salt"]);
}

/** What the CLI writes to recognise its own files: the version and its SHA-256. */
export function manifest(version: string): { time: string; magic: string; version: string } {
  return {
    time: new Date().toISOString(),
    magic: createHash("sha256").update(version).digest("hex"),
    version,
  };
}
