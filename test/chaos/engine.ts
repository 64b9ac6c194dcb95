import { HostDied, type Method, type ProviderHost, type ResourceKind } from "./host.ts";

/** Stands for a value that is not known yet. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

type Properties = Readonly<Record<string, unknown>>;

/** One resource in the state. */
export interface Entry {
  readonly kind: ResourceKind;
  /** Its name in the program; with the kind it is its URN. */
  readonly name: string;
  id: string;
  inputs: Properties;
  outputs: Properties;
  /** It was replaced, and is still to be deleted. */
  delete?: boolean;
  /** It was deleted, and its replacement is still to be created. */
  pendingReplacement?: boolean;
}

/** An agent as the program declares it: its registration, and what is made of that one's outputs. */
export interface Declared {
  readonly name: string;
  readonly registration: Properties;
  readonly confirmation: (registration: Entry) => Properties;
}

/** An operation that the provider has carried out. */
export interface Operation {
  readonly method: Method;
  readonly kind: ResourceKind;
  readonly name: string;
  readonly id: string;
}

export interface RunResult {
  /** "done", or why not. */
  readonly outcome: "done" | "failed" | "killed";
  readonly operations: readonly Operation[];
  readonly errors: readonly string[];
}

/** Nothing more begins after the first failure. */
class Stopped extends Error {}

const sameUrn = (a: Pick<Entry, "kind" | "name">, b: Pick<Entry, "kind" | "name">) =>
  a.kind === b.kind && a.name === b.name;

/**
 * One run of Pulumi's engine, as far as two resources an agent need one. The state is `state`, changed in place as each
 * operation returns: one that did not return has left nothing (a create), or what was there (update, delete).
 * Checks and diffs come one at a time, operations side by side; deletes come last, confirmations first.
 */
export class EngineRun {
  readonly #host: ProviderHost;
  readonly #state: Entry[];
  /** Called when an operation has returned and before the state knows; a throw loses it, as a death at this moment does. */
  readonly #beforeSave: (operation: Operation) => Promise<void>;
  readonly #operations: Operation[] = [];
  readonly #errors: unknown[] = [];
  /** What was there when the run began, in the order of its making. */
  readonly #base: readonly Entry[];
  readonly #wanted: Entry[] = [];
  /** Deleted by this run ahead of their replacement. */
  readonly #deletedFirst = new Set<Entry>();
  #generator: Promise<unknown> = Promise.resolve();

  constructor(host: ProviderHost, state: Entry[], beforeSave: (operation: Operation) => Promise<void>) {
    this.#host = host;
    this.#state = state;
    this.#base = [...state];
    this.#beforeSave = beforeSave;
  }

  async up(program: readonly Declared[]): Promise<RunResult> {
    await this.#all(program.map((agent) => () => this.#agent(agent)));
    if (this.#errors.length === 0) await this.#deleteUnwanted();
    return this.#result();
  }

  async destroy(): Promise<RunResult> {
    await this.#deleteUnwanted();
    return this.#result();
  }

  #result(): RunResult {
    const errors = this.#errors.filter((error) => !(error instanceof Stopped));
    const wasKilled = errors.some((error) => error instanceof HostDied);
    return {
      outcome: errors.length === 0 ? "done" : wasKilled ? "killed" : "failed",
      operations: this.#operations,
      errors: errors.map((error) => (error instanceof Error ? error.message : String(error))),
    };
  }

  /** Side by side; what is under way when one fails still comes to its end. */
  async #all(works: readonly (() => Promise<unknown>)[]): Promise<void> {
    await Promise.all(works.map((work) => work().catch((error: unknown) => this.#errors.push(error))));
  }

  async #agent({ name, registration, confirmation }: Declared): Promise<void> {
    const registered = await this.#resource("registration", name, registration);
    await this.#resource("confirmation", name, confirmation(registered));
  }

  async #resource(kind: ResourceKind, name: string, inputs: Properties): Promise<Entry> {
    const step = this.#generator.then(() => this.#generate(kind, name, inputs));
    this.#generator = step.catch(() => undefined);
    const perform = await step;
    return perform();
  }

  /** Decides what a resource needs; what is returned does it. */
  async #generate(kind: ResourceKind, name: string, news: Properties): Promise<() => Promise<Entry>> {
    this.#assertGoingOn();
    const old = this.#state.find((entry) => sameUrn(entry, { kind, name }) && !entry.delete);
    const isRecreated = old !== undefined && this.#deletedFirst.has(old);
    const goal: Entry = { kind, name, id: "", outputs: {}, inputs: {} };
    this.#wanted.push(goal);
    goal.inputs = await this.#check(kind, isRecreated ? {} : (old?.inputs ?? {}), news);
    if (!old || isRecreated) return () => this.#create(goal, old, { keepsOld: false });

    const diff = (await this.#host.call(kind, "diff", old.id, old.outputs, goal.inputs)) as Diff;
    if (old.pendingReplacement || (diff.changes && (diff.replaces ?? []).length > 0)) {
      goal.inputs = await this.#check(kind, {}, news);
      if (!diff.deleteBeforeReplace)
        return () => this.#create(goal, old, { keepsOld: !old.pendingReplacement });
      const first = [...(await this.#dependentsToReplace(old)), ...(old.pendingReplacement ? [] : [old])];
      return async () => {
        for (const entry of first) await this.#deleteFirst(entry);
        return this.#create(goal, old, { keepsOld: false });
      };
    }
    return () => (diff.changes ? this.#update(goal, old) : this.#keep(goal, old));
  }

  async #check(kind: ResourceKind, olds: Properties, news: Properties): Promise<Properties> {
    const answer = (await this.#host.call(kind, "check", olds, news)) as Check;
    const [failure] = answer.failures ?? [];
    if (failure) throw new Error(`check: ${failure.property} ${failure.reason}`);
    return answer.inputs ?? news;
  }

  /** What depends on a registration that is deleted before its replacement: asked with its values taken as unknown. */
  async #dependentsToReplace(old: Entry): Promise<Entry[]> {
    const found: Entry[] = [];
    for (const entry of this.#base) {
      if (old.kind !== "registration" || entry.kind !== "confirmation" || entry.name !== old.name) continue;
      const inputs = { ...entry.inputs, registrationId: UNKNOWN, revision: UNKNOWN };
      const diff = (await this.#host.call("confirmation", "diff", entry.id, entry.outputs, inputs)) as Diff;
      if ((diff.replaces ?? []).length > 0) found.push(entry);
    }
    return found;
  }

  async #keep(goal: Entry, old: Entry): Promise<Entry> {
    this.#assertGoingOn();
    Object.assign(goal, { id: old.id, outputs: old.outputs });
    this.#swap(old, goal);
    return goal;
  }

  async #create(goal: Entry, old: Entry | undefined, { keepsOld }: { keepsOld: boolean }): Promise<Entry> {
    await this.#operate("create", goal, [goal.inputs], (answer) => {
      const { id, outs } = answer as Created;
      Object.assign(goal, { id, outputs: outs });
      if (old && keepsOld) old.delete = true;
      if (old && !keepsOld) this.#drop(old);
      this.#state.push(goal);
    });
    return goal;
  }

  async #update(goal: Entry, old: Entry): Promise<Entry> {
    goal.id = old.id;
    await this.#operate("update", goal, [old.id, old.outputs, goal.inputs], (answer) => {
      goal.outputs = (answer as Updated).outs;
      this.#swap(old, goal);
    });
    return goal;
  }

  async #deleteFirst(entry: Entry): Promise<void> {
    this.#deletedFirst.add(entry);
    await this.#operate("delete", entry, [entry.id, entry.outputs], () => {
      if (entry.delete) this.#drop(entry);
      else entry.pendingReplacement = true;
    });
  }

  /** What was replaced, and what the program has no more. */
  async #deleteUnwanted(): Promise<void> {
    const isUnwanted = (entry: Entry) =>
      entry.delete ? !this.#deletedFirst.has(entry) : !this.#wanted.some((goal) => sameUrn(goal, entry));
    const unwanted = this.#base.filter(isUnwanted);
    for (const kind of ["confirmation", "registration"] as const) {
      const layer = unwanted.filter((entry) => entry.kind === kind);
      await this.#all(layer.map((entry) => () => this.#deleteLast(entry)));
      if (this.#errors.length > 0) return;
    }
  }

  async #deleteLast(entry: Entry): Promise<void> {
    if (!entry.delete && entry.pendingReplacement) return this.#drop(entry);
    await this.#operate("delete", entry, [entry.id, entry.outputs], () => this.#drop(entry));
  }

  async #operate(
    method: "create" | "update" | "delete",
    entry: Entry,
    args: readonly unknown[],
    save: (answer: unknown) => void,
  ): Promise<void> {
    this.#assertGoingOn();
    const { kind, name } = entry;
    const answer = await this.#host.call(kind, method, ...args);
    const id = method === "create" ? (answer as Created).id : entry.id;
    await this.#beforeSave({ method, kind, name, id });
    this.#operations.push({ method, kind, name, id });
    save(answer);
  }

  #assertGoingOn(): void {
    if (this.#errors.length > 0) throw new Stopped();
  }

  #swap(old: Entry, goal: Entry): void {
    this.#state.splice(this.#state.indexOf(old), 1, goal);
  }

  #drop(entry: Entry): void {
    const index = this.#state.indexOf(entry);
    if (index >= 0) this.#state.splice(index, 1);
  }
}

interface Check {
  readonly inputs?: Properties;
  readonly failures?: readonly { readonly property: string; readonly reason: string }[];
}

interface Diff {
  readonly changes?: boolean;
  readonly replaces?: readonly string[];
  readonly deleteBeforeReplace?: boolean;
}

interface Created {
  readonly id: string;
  readonly outs: Properties;
}

interface Updated {
  readonly outs: Properties;
}
