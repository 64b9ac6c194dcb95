import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import type { ListingType } from "../../providers/masumi/service/index.ts";
import { WITH_A2A } from "../providers/masumi/strange-rows.ts";
import { API_KEY, type Agent, declareAll } from "./agents.ts";
import { tidyAtExit } from "./cleanup.ts";
import { describeEntry, findLosses, findStateFaults } from "./check.ts";
import { type Declared, EngineRun, type Entry, type Operation, type RunResult } from "./engine.ts";
import { HostDied, type HostPool, type ProviderHost } from "./host.ts";
import { RunRecord, type Row, describeRow } from "./ledger.ts";
import { type Attempt, LATEST_MS, type LifePlan, type RunPlan, planLife, planRun } from "./plan.ts";
import { CountingProxy } from "./proxy.ts";
import { Random } from "./random.ts";
import type { Tally } from "./tally.ts";

/** How many runs may end in an error, after the disturbed ones, before the state counts as one that no run can use. */
const FURTHER_ATTEMPTS = 4;
const SETTLE_SECONDS = 3;

export interface LifeOptions {
  readonly seed: string;
  readonly index: number;
  readonly pool: HostPool;
  readonly agentsUrl: string;
  readonly tally: Tally;
  /** Types of listings that agents may have. @default all */
  readonly kinds?: readonly ListingType[] | undefined;
  /** What of its world is not left to chance. */
  readonly world?: Partial<LifePlan>;
}

/** All that is needed to understand a loss, and to see it again. */
export interface Loss {
  /** The command that leads there again, as far as timing allows. */
  readonly again: string;
  readonly complaints: readonly string[];
  readonly world: LifePlan;
  readonly plan: RunPlan;
  readonly events: readonly string[];
  readonly rows: readonly string[];
  readonly state: readonly string[];
}

/**
 * A few agents, their service and their state, run after run. In each run their author changes something, and the
 * provider host is killed; runs go on until one succeeds, and then everything must be as declared.
 */
export class Life {
  readonly #options: LifeOptions;
  readonly #plan: LifePlan;
  readonly #sandbox: RunningSandbox;
  readonly #proxy: CountingProxy;
  readonly #folder = mkdtempSync(join(tmpdir(), "masumi-chaos-life-"));
  readonly #removeFolder = tidyAtExit(() => rmSync(this.#folder, { recursive: true, force: true }));
  readonly ledger: RunRecord;
  #config: Readonly<Record<string, string>> = {};
  #host: ProviderHost | undefined;
  #state: Entry[] = [];
  #agents: readonly Agent[] = [];
  #events: string[] = [];
  #runs = 0;
  /** In the present run. */
  #kills = 0;

  private constructor(options: LifeOptions, plan: LifePlan, sandbox: RunningSandbox) {
    this.#options = options;
    this.#plan = plan;
    this.#sandbox = sandbox;
    this.ledger = new RunRecord(sandbox.url);
    const startedAt = Date.now();
    this.#proxy = new CountingProxy(sandbox.url, (event) => {
      this.#events.push(`${String(Date.now() - startedAt).padStart(6)} ms  ${event}`);
    });
  }

  static async start(options: LifeOptions): Promise<Life> {
    const random = new Random(`${options.seed}/${options.index}`);
    const plan: LifePlan = { ...planLife(random, options.kinds), ...options.world };
    const { chainSpeed, clockSkewSeconds, shuffle } = plan;
    const sandbox = await startSandbox({ world: WITH_A2A, chainSpeed, clockSkewSeconds, shuffle });
    const life = new Life(options, plan, sandbox);
    writeFileSync(join(life.#folder, "Pulumi.yaml"), "name: chaos\nruntime: nodejs\n");
    life.#config = {
      "masumi:paymentServiceUrl": `${await life.#proxy.listen()}/api/v1`,
      "masumi:apiKey": API_KEY,
      "masumi:waitMinutes": "1",
      "masumi:settleSeconds": String(SETTLE_SECONDS),
    };
    return life;
  }

  /**
   * The next run of this life, as `given` or else at random. After a loss nothing more is known of the world, so the life is over.
   */
  async run(meddle?: (ledger: RunRecord) => Promise<void>, given?: RunPlan): Promise<Loss | undefined> {
    const { seed, index, tally } = this.#options;
    const run = (this.#runs += 1);
    const plan = given ?? planRun(new Random(`${seed}/${index}/${run}`), this.#plan, this.#agents);
    this.#events = [];
    this.#kills = 0;
    this.#agents = plan.agents;
    if (plan.losesState) this.#state = [];
    const before = await this.ledger.rows();
    const complaints = await this.#live(plan);
    await meddle?.(this.ledger);
    const after = await this.#settledRows(plan);
    complaints.push(...findLosses({ before, after, locked: await this.ledger.locked() }, plan.expected));
    if (complaints.length === 0) complaints.push(...findStateFaults(this.#state, after, plan.expected));
    if (complaints.length === 0) complaints.push(...(await this.#runOnceMore(plan)));
    this.#count(plan, before, after);
    tally.add("runs");
    if (this.#kills > 0) tally.add("runs with a kill");
    if (complaints.length === 0) return undefined;
    return {
      again: `npm run chaos -- --seed ${seed} --life ${index} --runs ${run}${this.#plan.kinds.length > 1 ? "" : " --standard"}`,
      complaints,
      world: this.#plan,
      plan,
      events: this.#events,
      rows: after.map(describeRow),
      state: this.#state.map(describeEntry),
    };
  }

  async end(): Promise<void> {
    if (this.#host) this.#options.pool.giveBack(this.#host);
    await this.#proxy.close();
    await this.#sandbox.close();
    this.#removeFolder();
  }

  /** Disturbed attempts, then further ones until one succeeds. */
  async #live(plan: RunPlan): Promise<string[]> {
    const attempts: (Attempt | undefined)[] = [
      ...plan.attempts,
      ...Array<undefined>(FURTHER_ATTEMPTS).fill(undefined),
    ];
    let last: RunResult | undefined;
    for (const attempt of attempts) {
      const forget = last?.errors.some(isUnsettled) ? await this.#settle(plan) : "";
      last = await this.#attempt(plan, attempt, forget);
      this.#proxy.note(`run ${last.outcome}${last.errors.map((error) => `\n           ${error}`).join("")}`);
      if (last.outcome === "done") return [];
    }
    return [`no run succeeds any more; the last one said: ${last?.errors.join(" / ")}`];
  }

  /** A person makes sure that what was requested will not come any more, and says so. */
  async #settle(plan: RunPlan): Promise<string> {
    await this.#settledRows(plan);
    this.#options.tally.add("requests settled by a person");
    return "all";
  }

  async #attempt(plan: RunPlan, attempt: Attempt | undefined, forget = ""): Promise<RunResult> {
    const { tally } = this.#options;
    await this.ledger.setFaults([]);
    const program = await this.#program(plan).catch((error: unknown) => [String(error)]);
    if (isRefusal(program)) return { outcome: "failed", operations: [], errors: program };
    const rows = await this.ledger.rows();
    const host = await this.#begin(forget);
    await this.ledger.setFaults(attempt?.faults ?? []);
    let isOver = false;
    const kill = async () => {
      if (isOver || !host.isAlive) return;
      await host.kill();
      this.#kills += 1;
      tally.add(`kill: ${describeKill(attempt)}`);
    };
    const timer =
      attempt?.kill.phase === "moment" ? setTimeout(() => void kill(), attempt.kill.ms) : undefined;
    if (attempt && "which" in attempt.kill) this.#proxy.arm(attempt.kill, kill);
    let saved = 0;
    const beforeSave = async (operation: Operation) => {
      this.#proxy.note(`${operation.method} ${operation.kind} ${operation.name} -> ${operation.id}`);
      saved += 1;
      if (attempt?.kill.phase === "unsaved" && attempt.kill.nth === saved) await kill();
      if (!host.isAlive) throw new HostDied(`${operation.method} had returned, and was not saved`);
    };
    try {
      const engine = new EngineRun(host, this.#state, beforeSave);
      const result = await (plan.operation === "destroy" ? engine.destroy() : engine.up(program));
      this.#countOperations(result.operations, rows);
      tally.add("ups");
      return result;
    } finally {
      isOver = true;
      clearTimeout(timer);
      this.#proxy.disarm();
    }
  }

  async #program({ operation, agents }: RunPlan): Promise<Declared[]> {
    if (operation === "destroy") return [];
    const { agentsUrl } = this.#options;
    const { v1Replacement } = this.#plan;
    return declareAll(agents, { serviceUrl: this.#sandbox.url, agentsUrl, v1Replacement });
  }

  /** A host with a new session; a process that is alive still serves again. */
  async #begin(forget: string): Promise<ProviderHost> {
    if (!this.#host?.isAlive) this.#host = await this.#options.pool.take();
    await this.#host.begin(this.#folder, this.#config, forget);
    return this.#host;
  }

  /** Rows when all that was still on its way has arrived, and no transaction is under way. */
  async #settledRows({ attempts }: RunPlan): Promise<Row[]> {
    await this.ledger.setFaults([]);
    await this.#proxy.settled();
    const isLate = attempts.some(({ faults }) =>
      faults.some(({ kind }) => kind === "late-write" || kind === "slow"),
    );
    if (isLate) await delay(LATEST_MS);
    await this.ledger.awaitEffect();
    return this.ledger.rows();
  }

  /** A run with nothing to do must do nothing. */
  async #runOnceMore(plan: RunPlan): Promise<string[]> {
    const writes = this.#proxy.writes;
    const { outcome, operations, errors } = await this.#attempt(plan, undefined);
    const done = operations.map(({ method, kind, name }) => `${method} ${kind} ${name}`);
    return [
      ...(outcome === "done" ? [] : [`a further run fails: ${errors.join(" / ")}`]),
      ...(done.length === 0 ? [] : [`a further run does what was done: ${done.join(", ")}`]),
      ...(this.#proxy.writes === writes ? [] : [`a further run sends ${this.#proxy.writes - writes} writes`]),
    ];
  }

  #countOperations(operations: readonly Operation[], rows: readonly Row[]): void {
    for (const { method, kind, id } of operations) {
      if (kind !== "registration") continue;
      const isAdoption = method === "create" && rows.some((row) => row.id === id);
      this.#options.tally.add(`operation: ${isAdoption ? "adopt" : method}`);
    }
  }

  #count(plan: RunPlan, before: readonly Row[], after: readonly Row[]): void {
    const { tally } = this.#options;
    const known = new Map(before.map(({ id, state }) => [id, state]));
    const isBurned = ({ id, state }: Row) =>
      state === "DeregistrationConfirmed" && known.get(id) !== "DeregistrationConfirmed";
    tally.add(
      "mints",
      after.filter(({ id, state }) => !known.has(id) && state !== "RegistrationFailed").length,
    );
    tally.add("burns", after.filter(isBurned).length);
    for (const edit of plan.edits) tally.add(`edit: ${edit.replace(/\b(ada|bob|cyd)\b/g, "one")}`);
    for (const { faults } of plan.attempts) for (const { kind } of faults) tally.add(`fault: ${kind}`);
    tally.add("requests", this.#proxy.requests);
    tally.add("writes", this.#proxy.writes);
    tally.atLeast("latest write, ms", this.#proxy.latestMs);
    Object.assign(this.#proxy, { requests: 0, writes: 0 });
  }
}

/** Said by a run that would request a registration again of which nobody knows whether it comes. */
export const isUnsettled = (text: string): boolean => text.includes("REGISTRATION_UNSETTLED");

const isRefusal = (program: readonly Declared[] | readonly string[]): program is readonly string[] =>
  typeof program[0] === "string";

function describeKill(attempt: Attempt | undefined): string {
  if (!attempt) return "none";
  const { kill } = attempt;
  return "which" in kill
    ? `${kill.phase}, at ${kill.which === "write" ? "a write" : "any request"}`
    : kill.phase;
}
