import {
  type AgentChange,
  type AgentState,
  type ChangeOptions,
  type Problem,
  changeAgent,
} from "../database/agents.ts";
import type { Database } from "../database/database.ts";
import type { RunEvent } from "../../stacks/index.ts";
import { AGENT, CONFIRMATION, REGISTRATION, RUNS } from "./resources.ts";

/** What a confirmation says while it waits, once the transaction is sent. */
const ON_CHAIN = /^(Registration|Update)Initiated\b/;

type StepEnd = Extract<RunEvent, { kind: "step-end" }>;

interface Moved {
  readonly state: AgentState;
  readonly step?: string;
  readonly from: readonly AgentState[];
}

/** What is not yet where a step leads. A later state is not left for an earlier one. */
const BEFORE = {
  starting: ["accepted", "declared", "failed"],
  running: ["accepted", "declared", "starting", "failed"],
  requested: ["accepted", "declared", "starting", "running", "failed"],
} as const satisfies Record<string, readonly AgentState[]>;

/** Returns the last part of a URN, which is the agent's id for all that belongs to one. */
export const nameOf = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);

/** What is changed stays what it is meanwhile; its time line tells how far the change is. */
const CHANGING: readonly AgentState[] = ["updating"];

/** Writes what happens in a run into the agents' time lines, one after the other and without holding up the run. */
export class Progress {
  readonly #database: Database;
  readonly #agents: ReadonlySet<string>;
  readonly #onChain: () => void;
  readonly #told = new Set<string>();
  /** What is wrong with an agent, by its id. */
  readonly problems = new Map<string, Problem>();
  /** The agents of which all is as declared: the chain has confirmed them, in this run or before. */
  readonly confirmed = new Set<string>();
  #written: Promise<void> = Promise.resolve();
  #error: unknown;

  /**
   * @param agents the fleet's agents, so that a resource of another name is not taken for one
   * @param onChain called when the chain was asked for one of them, or has confirmed it
   */
  constructor(database: Database, agents: Iterable<string>, onChain: () => void) {
    this.#database = database;
    this.#agents = new Set(agents);
    this.#onChain = onChain;
  }

  hear(event: RunEvent): void {
    if (event.kind === "step-start" && AGENT.test(event.step.type) && event.step.op === "create") {
      this.#move(event.step.name, { state: "starting", from: BEFORE.starting });
    }
    if (event.kind === "step-end" && event.ok) this.#stepEnded(event);
    if (event.kind === "diagnostic") this.#diagnostic(event);
  }

  /** Resolves when all that was heard is written. */
  async settled(): Promise<void> {
    await this.#written;
    if (this.#error !== undefined) throw this.#error;
  }

  #stepEnded({ step }: StepEnd): void {
    if (CONFIRMATION.test(step.type) && !step.op.startsWith("delete") && step.op !== "refresh") {
      this.confirmed.add(step.name);
      this.#onChain();
    }
    if (step.op === "delete" || step.op === "delete-replaced" || step.op === "same") return;
    if (RUNS.test(step.type))
      this.#move(step.name, { state: "running", step: "running", from: BEFORE.running });
    if (REGISTRATION.test(step.type)) {
      this.#move(step.name, { state: "requested", step: "requested", from: BEFORE.requested });
      this.#onChain();
    }
  }

  #diagnostic({ severity, urn, message, ephemeral }: Extract<RunEvent, { kind: "diagnostic" }>): void {
    if (urn === undefined) return;
    const id = nameOf(urn);
    if (!this.#agents.has(id)) return;
    if (ephemeral && ON_CHAIN.test(message) && !this.#told.has(id)) {
      this.#told.add(id);
      this.#write(id, {}, { step: "onChain" });
    }
    if (severity === "error" && !this.problems.has(id)) this.problems.set(id, problemIn(message));
  }

  #move(id: string, { state, step, from }: Moved): void {
    if (!this.#agents.has(id)) return;
    this.#write(id, { state, problem: null }, { from, ...(step === undefined ? {} : { step }) });
    if (step !== undefined) this.#write(id, {}, { from: CHANGING, step });
  }

  #write(id: string, change: AgentChange, options: ChangeOptions): void {
    this.#written = this.#after(this.#written, () => changeAgent(this.#database, id, change, options));
  }

  async #after(before: Promise<void>, write: () => Promise<unknown>): Promise<void> {
    await before;
    try {
      await write();
    } catch (error) {
      this.#error ??= error;
    }
  }
}

/** What our errors say: `CODE: what happened`, then what to do (providers/common/coded-error.ts). */
const CODED = /([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+): (.*)(?:\n\s*([^]*))?/;
const LONGEST = 2_000;

/** Returns what a message of the engine says of an agent, without what it says around it. */
export function problemIn(message: string): Problem {
  const [, error, detail, remedy] = CODED.exec(message) ?? [];
  if (error === undefined || detail === undefined) {
    return { error: "DEPLOYMENT_FAILED", detail: message.trim().slice(0, LONGEST) };
  }
  const help = remedy?.trim().slice(0, LONGEST);
  return { error, detail: detail.slice(0, LONGEST), ...(help ? { remedy: help } : {}) };
}
