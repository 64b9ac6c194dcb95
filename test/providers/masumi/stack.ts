import type { RegistrationInputs, RegistrationOutputs } from "../../../providers/masumi/resources/inputs.ts";
import { type RunOptions, startRun } from "./run.ts";
import type { Service } from "./service.ts";

interface Entry {
  readonly name: string;
  readonly id: string;
  readonly outs: RegistrationOutputs;
  /** Replaced, and still to be deleted. */
  readonly isOld?: boolean;
}

interface UpOptions extends RunOptions {
  /** Names of resources that are replaced whatever their diff (`--replace`, or tainted): diff is not called. */
  readonly replace?: readonly string[];
  /** The engine is killed when everything is created and nothing deleted. */
  readonly killedBeforeDeletes?: boolean;
}

/** The registrations of one stack: its state, and the calls that an engine makes of it. Every up and destroy is a run. */
export class Stack {
  readonly #service: Service;
  #entries: Entry[] = [];

  constructor(service: Service) {
    this.#service = service;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Row ids by resource name. */
  get ids(): Record<string, string> {
    return Object.fromEntries(this.#entries.map(({ name, id }) => [name, id]));
  }

  loseState(): void {
    this.#entries = [];
  }

  async up(declared: Readonly<Record<string, RegistrationInputs>>, options: UpOptions = {}): Promise<void> {
    const { replace = [], killedBeforeDeletes = false, ...runOptions } = options;
    const run = startRun(this.#service.url, runOptions);
    for (const [name, news] of Object.entries(declared)) {
      const { inputs, failures } = await run.check(news);
      if (failures.length > 0) throw new Error(JSON.stringify(failures));
      const old = this.#entries.find((entry) => entry.name === name && !entry.isOld);
      const create = async () => this.#entries.push({ name, ...(await run.create(inputs)) });
      if (!old) {
        await create();
        continue;
      }
      const isForced = replace.includes(name);
      const diff = isForced ? undefined : await run.diff(old.id, old.outs, inputs);
      if (diff && !diff.changes) continue;
      if (diff && diff.replaces.length === 0) {
        this.#put(old, { ...old, outs: await run.update(old.id, old.outs, inputs) });
      } else if (diff?.deleteBeforeReplace) {
        await run.remove(old.id, old.outs);
        this.#put(old);
        await create();
      } else {
        await create();
        this.#put(old, { ...old, isOld: true });
      }
    }
    if (killedBeforeDeletes) return;
    const surplus = this.#entries.filter(({ name, isOld }) => isOld || !(name in declared));
    await this.#deleteAll(run, surplus);
  }

  async destroy(options: RunOptions = {}): Promise<void> {
    await this.#deleteAll(startRun(this.#service.url, options), this.#entries);
  }

  async #deleteAll(run: ReturnType<typeof startRun>, entries: readonly Entry[]): Promise<void> {
    const ends = await Promise.allSettled(
      entries.map(async (entry) => {
        await run.remove(entry.id, entry.outs);
        this.#put(entry);
      }),
    );
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  #put(old: Entry, ...instead: Entry[]): void {
    this.#entries = [...this.#entries.filter((entry) => entry !== old), ...instead];
  }
}
