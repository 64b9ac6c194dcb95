import { EngineError, messageOf } from "../errors.ts";
import type { FileBackend } from "./backend.ts";
import { manifest } from "./backend.ts";
import type { StateCodec } from "./codec.ts";
import { renamed, renamesOf } from "./renames.ts";
import { isOutside, type OperationType, type PendingOperation, type ResourceState } from "./resource.ts";
import { verifyResources } from "./verify.ts";
import { WritePace } from "./write-pace.ts";

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
  /** Whether an interrupted creation is settled by this resource, which has come into the state under the same URN. */
  readonly settles?: (created: ResourceState) => boolean;
  /** How many steps may be under way at the same time. */
  readonly parallel: number;
}

/**
 * The state of the stack while a run changes it: resources that this run has worked on, then those of the state before the run that it
 * has not come to yet. That order keeps dependencies first without sorting.
 *
 * Every change outside is on the disk before its promise resolves. Changes that come in before the next write share it (group commit): as
 * durable as one write each, but a write costs the size of the whole state.
 */
export class Snapshot {
  readonly #options: SnapshotOptions;
  #base: readonly ResourceState[];
  #basePending: readonly PendingOperation[];
  readonly #metadata: unknown;
  readonly #current: ResourceState[] = [];
  readonly #done = new Set<ResourceState>();
  readonly #operations = new Map<ResourceState, OperationType>();
  /** Of resources that refer to others by former URNs: what is written instead. */
  readonly #copies = new Map<ResourceState, ResourceState>();
  /** How often the state was written. */
  writes = 0;
  /** As they stand in the file; undefined when one of them has changed since. */
  #encodedResources: readonly Buffer[] | undefined;
  /** Of the last write. */
  #bytes = 0;
  #dirty = false;
  #closed = false;
  /** The write that has not begun yet: what is changed now goes into it. */
  #nextWrite: Promise<void> | undefined;
  readonly #pace: WritePace;
  #writing: Promise<void> = Promise.resolve();

  constructor(before: Deployment, options: SnapshotOptions) {
    this.#options = options;
    this.#pace = new WritePace(options.parallel);
    this.#base = before.resources;
    this.#basePending = before.pendingOperations;
    this.#metadata = before.metadata;
  }

  /** An operation begins: if the run dies now, the state says that its outcome is unknown. */
  async begin(type: OperationType, resource: ResourceState): Promise<void> {
    if (!isOutside(resource)) return;
    this.#operations.set(resource, type);
    await this.#commit();
    this.#pace.begin();
  }

  /**
   * An operation ended. `done` leaves the state, `current` enters it; both may be missing (a failed create changes nothing but the
   * pending operation). What exists in the state alone is written with the next change, or at the end.
   */
  async end(
    operation: ResourceState,
    change: { done?: ResourceState | undefined; current?: ResourceState | undefined },
  ): Promise<void> {
    if (this.#operations.delete(operation)) this.#pace.end();
    this.#apply(change);
    if (isOutside(operation)) await this.#commit();
  }

  /** A resource did not change, or only in what the engine records about it; written with the next change, or at the end. */
  same(old: ResourceState, current: ResourceState): Promise<void> {
    this.#apply({ done: old, current });
    return Promise.resolve();
  }

  /** A resource that is in the state already was changed in place; written with the next change, or at the end. */
  changed(resource: ResourceState): void {
    this.#encodedResources = undefined;
    this.#options.codec.changed(resource);
    this.#copies.delete(resource);
    this.#dirty = true;
  }

  /** Whether more changes are sure to come, so that a write may wait for them. */
  expect(more: boolean): void {
    this.#pace.expect(more);
  }

  /** Something differs from what the file says already. */
  touch(): void {
    this.#dirty = true;
  }

  /** A refresh found out what is left of the state before the run. */
  rebase(resources: readonly ResourceState[]): void {
    this.#base = resources;
    this.#encodedResources = undefined;
    for (const resource of resources) this.#options.codec.changed(resource);
    this.#dirty = true;
  }

  /** Writes what is not written yet. From here on nothing more is accepted. */
  async close(): Promise<void> {
    this.#pace.close();
    if (this.#dirty) await this.#commit();
    await this.#writing;
    this.#closed = true;
  }

  /** Left by earlier runs, and not settled by this one. */
  get pendingOperations(): readonly PendingOperation[] {
    return this.#basePending;
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
      this.#settle(current);
      if (current.aliases.length > 0) this.#copies.clear();
      this.#current.push(current);
      this.changed(current);
    }
  }

  #settle(created: ResourceState): void {
    const isSettled = ({ resource }: PendingOperation): boolean => resource.urn === created.urn;
    if (!this.#basePending.some(isSettled) || this.#options.settles?.(created) !== true) return;
    this.#basePending = this.#basePending.filter((operation) => !isSettled(operation));
  }

  #commit(): Promise<void> {
    if (this.#closed) return Promise.reject(new Error("The state is closed already."));
    this.#dirty = true;
    this.#pace.join();
    if (this.#nextWrite !== undefined) return this.#nextWrite;
    const write = this.#write(this.#writing);
    this.#nextWrite = write;
    this.#writing = write;
    return write;
  }

  async #write(previous: Promise<void>): Promise<void> {
    // Whoever waits for the previous write hears of its failure; this one writes everything anyway.
    await previous.catch(() => undefined);
    await this.#pace.pause(this.#current.length + this.#base.length - this.#done.size, this.#bytes);
    this.#nextWrite = undefined;
    this.#dirty = false;
    const { backend } = this.#options;
    const { list, checked } = this.#resources();
    try {
      checked();
    } catch (error) {
      // The state on the disk stays good, and what this run made is not lost.
      const file = await backend.writeRejected(this.#encode(list));
      throw new EngineError(
        "STATE_REJECTED",
        error instanceof EngineError ? error.what : messageOf(error),
        `The state that was not saved is in ${file}.`,
        { cause: error },
      );
    }
    this.#bytes = await backend.write(this.#encode(list));
    this.writes += 1;
  }

  /**
   * The list of resources in the file, and the check that it must pass. Half of all writes record only that an operation begins: the list
   * is then that of the write before, and was checked.
   */
  #resources(): { list: readonly Buffer[]; checked: () => void } {
    const known = this.#encodedResources;
    if (known !== undefined) return { list: known, checked: () => undefined };
    const resources = this.resources();
    const list = joined(resources.map((resource) => this.#options.codec.encode(resource)));
    return {
      list,
      checked: () => {
        verifyResources(resources);
        this.#encodedResources = list;
      },
    };
  }

  /** The parts of the text of the state. */
  #encode(resources: readonly Buffer[]): Buffer[] {
    const { codec, salt, sdkVersion } = this.#options;
    const operations = [
      ...[...this.#operations].map(([resource, type]) => ({ resource, type })),
      ...this.#basePending,
    ].map(({ resource, type }) =>
      Buffer.concat([
        Buffer.from('{"resource":'),
        codec.encode(resource),
        Buffer.from(`,"type":${JSON.stringify(type)}}`),
      ]),
    );
    const field = (name: string, list: readonly Buffer[]): readonly Buffer[] =>
      list.length === 0 ? [] : [Buffer.from(`"${name}":[`), ...list, Buffer.from("],")];
    return [
      Buffer.from(`{"manifest":${JSON.stringify(manifest(sdkVersion))},`),
      Buffer.from(`"secrets_providers":${JSON.stringify({ type: "passphrase", state: { salt } })},`),
      ...field("resources", resources),
      ...field("pending_operations", joined(operations)),
      Buffer.from(`"metadata":${JSON.stringify(this.#metadata)}}`),
    ];
  }
}

const COMMA = Buffer.from(",");

const joined = (texts: readonly Buffer[]): Buffer[] =>
  texts.flatMap((text, index) => (index === 0 ? [text] : [COMMA, text]));
