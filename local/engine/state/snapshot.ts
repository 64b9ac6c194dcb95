import { EngineError, messageOf } from "../errors.ts";
import type { FileBackend } from "./backend.ts";
import { manifest } from "./backend.ts";
import type { StateCodec } from "./codec.ts";
import { renamed, renamesOf } from "./renames.ts";
import type { OperationType, PendingOperation, ResourceState } from "./resource.ts";
import { verifyResources } from "./verify.ts";

/** What a stack's state holds, decoded. */
export interface Deployment {
  readonly resources: readonly ResourceState[];
  readonly pendingOperations: readonly PendingOperation[];
  readonly metadata: unknown;
}

export interface SnapshotOptions {
  readonly backend: FileBackend;
  readonly codec: StateCodec;
  readonly salt: string;
  readonly sdkVersion: string;
}

/**
 * The state of the stack while a run changes it: resources that this run has worked on, then those of the state before the run that it
 * has not come to yet. That order keeps dependencies first without sorting.
 *
 * Every change is on the disk before its promise resolves. Changes that come in while a write is under way share the next write (group
 * commit): as durable as one write each, but a write costs the size of the whole state.
 */
export class Snapshot {
  readonly #options: SnapshotOptions;
  #base: readonly ResourceState[];
  readonly #basePending: readonly PendingOperation[];
  readonly #metadata: unknown;
  readonly #current: ResourceState[] = [];
  readonly #done = new Set<ResourceState>();
  readonly #operations = new Map<ResourceState, OperationType>();
  /** Of resources that refer to others by former URNs: what is written instead. */
  readonly #copies = new Map<ResourceState, ResourceState>();
  /** How often the state was written. */
  writes = 0;
  #dirty = false;
  #closed = false;
  /** The write that has not begun yet: what is changed now goes into it. */
  #nextWrite: Promise<void> | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(before: Deployment, options: SnapshotOptions) {
    this.#options = options;
    this.#base = before.resources;
    this.#basePending = before.pendingOperations;
    this.#metadata = before.metadata;
  }

  /** An operation begins: if the run dies now, the state says that its outcome is unknown. */
  async begin(type: OperationType, resource: ResourceState): Promise<void> {
    this.#operations.set(resource, type);
    await this.#commit();
  }

  /**
   * An operation ended. `done` leaves the state, `current` enters it; both may be missing (a failed create changes nothing but the
   * pending operation).
   */
  async end(
    operation: ResourceState,
    change: { done?: ResourceState | undefined; current?: ResourceState | undefined },
  ): Promise<void> {
    this.#operations.delete(operation);
    this.#apply(change);
    await this.#commit();
  }

  /** A resource did not change, or only in what the engine records about it; written with the next change, or at the end, if nothing `matters`. */
  async same(old: ResourceState, current: ResourceState, matters: boolean): Promise<void> {
    this.#apply({ done: old, current });
    if (matters) await this.#commit();
    else this.#dirty = true;
  }

  /** A resource that is in the state already was changed in place. */
  async update(resource: ResourceState): Promise<void> {
    this.changed(resource);
    await this.#commit();
  }

  changed(resource: ResourceState): void {
    this.#options.codec.changed(resource);
    this.#copies.delete(resource);
    this.#dirty = true;
  }

  /** A refresh found out what is left of the state before the run. */
  rebase(resources: readonly ResourceState[]): void {
    this.#base = resources;
    for (const resource of resources) this.#options.codec.changed(resource);
    this.#dirty = true;
  }

  /** Writes what is not written yet. From here on nothing more is accepted. */
  async close(): Promise<void> {
    if (this.#dirty) await this.#commit();
    await this.#writing;
    this.#closed = true;
  }

  /** All under the URNs that they have now, also what this run has not come to yet. */
  resources(): ResourceState[] {
    const left = [...this.#current, ...this.#base].filter((resource) => !this.#done.has(resource));
    if (!this.#current.some(({ aliases }) => aliases.length > 0)) return left;
    const renames = renamesOf(left);
    return left.map((resource) => {
      const known = this.#copies.get(resource);
      if (known !== undefined) return known;
      const copy = renamed(resource, renames);
      if (copy !== resource) this.#copies.set(resource, copy);
      return copy;
    });
  }

  #apply({ done, current }: { done?: ResourceState | undefined; current?: ResourceState | undefined }): void {
    if (done !== undefined) {
      this.#done.add(done);
      this.changed(done);
    }
    if (current !== undefined) {
      if (current.aliases.length > 0) this.#copies.clear();
      this.#current.push(current);
      this.changed(current);
    }
  }

  #commit(): Promise<void> {
    if (this.#closed) return Promise.reject(new Error("The state is closed already."));
    this.#dirty = true;
    if (this.#nextWrite !== undefined) return this.#nextWrite;
    const write = this.#write(this.#writing);
    this.#nextWrite = write;
    this.#writing = write;
    return write;
  }

  async #write(previous: Promise<void>): Promise<void> {
    // Whoever waits for the previous write hears of its failure; this one writes everything anyway.
    await previous.catch(() => undefined);
    this.#nextWrite = undefined;
    this.#dirty = false;
    const { backend } = this.#options;
    const resources = this.resources();
    const text = this.#encode(resources);
    try {
      verifyResources(resources);
    } catch (error) {
      // The state on the disk stays good, and what this run made is not lost.
      const file = await backend.writeRejected(text);
      throw new EngineError(
        "STATE_REJECTED",
        messageOf(error),
        `The state that was not saved is in ${file}.`,
        { cause: error },
      );
    }
    await backend.write(text);
    this.writes += 1;
  }

  #encode(resources: readonly ResourceState[]): string {
    const { codec, salt, sdkVersion } = this.#options;
    const operations = [
      ...[...this.#operations].map(([resource, type]) => ({ resource, type })),
      ...this.#basePending,
    ].map(({ resource, type }) => `{"resource":${codec.encode(resource)},"type":${JSON.stringify(type)}}`);
    const fields = [
      `"manifest":${JSON.stringify(manifest(sdkVersion))}`,
      `"secrets_providers":${JSON.stringify({ type: "passphrase", state: { salt } })}`,
      ...(resources.length > 0
        ? [`"resources":[${resources.map((resource) => codec.encode(resource)).join(",")}]`]
        : []),
      ...(operations.length > 0 ? [`"pending_operations":[${operations.join(",")}]`] : []),
      `"metadata":${JSON.stringify(this.#metadata)}`,
    ];
    return `{${fields.join(",")}}`;
  }
}
