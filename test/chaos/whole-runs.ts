import { type ChildProcess, spawn } from "node:child_process";
import { globSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { FORGET, type ListingType } from "../../providers/masumi/service/index.ts";
import { initStack, setConfig } from "../../local/engine/index.ts";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import { localRun } from "../../stacks/local/local-stack.ts";
import { openProject } from "../../stacks/project.ts";
import { outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { type CliResult, type RunReport, TestProject, changes, repository } from "../helpers/project.ts";
import { WITH_A2A } from "../providers/masumi/strange-rows.ts";
import { type Agent, OWNER, titleOf } from "./agents.ts";
import { findLosses } from "./check.ts";
import { tidyAtExit } from "./cleanup.ts";
import { killTree } from "./kill-tree.ts";
import { RunRecord, describeRow } from "./ledger.ts";
import { type Loss, isUnsettled } from "./life.ts";
import { type Attempt, LATEST_MS, type LifePlan, type RunPlan, planLife, planRun } from "./plan.ts";
import { CountingProxy } from "./proxy.ts";
import { Random } from "./random.ts";
import type { Tally } from "./tally.ts";

const RUNS_PER_LIFE = 5;
const LANES = 2;
const FURTHER_ATTEMPTS = 3;
const SETTLE_SECONDS = 4;
/** Within which a run is killed that is not killed at a request: about as long as one takes. */
const KILLED_WITHIN_MS = 5_000;
/** How much of a command's output is kept. */
const TAIL = 1_500;

interface WholeOptions {
  readonly runs: number;
  readonly seed: string;
  readonly tally: Tally;
  /** Only this life, to see a loss again. */
  readonly life?: number | undefined;
  /** Lives side by side. */
  readonly lanes?: number | undefined;
  /** Types of listings that agents may have. @default all */
  readonly kinds?: readonly ListingType[] | undefined;
  readonly onRun: (loss: Loss | undefined) => void;
}

/** Kills all of `masumi-agents up` in as many runs as asked for: command, engine, program and provider host. */
export async function runWholeCampaign(options: WholeOptions): Promise<void> {
  const { runs, seed, tally, life: only, kinds, onRun } = options;
  const lanes = only === undefined ? (options.lanes ?? LANES) : 1;
  const outside = await startOutsideAgents();
  let begun = 0;
  let index = only ?? 0;
  const lane = async () => {
    while (begun < runs) {
      const length = Math.min(RUNS_PER_LIFE, runs - begun);
      begun += length;
      const life = await WholeLife.start({ seed, index: index++, agentsUrl: outside.url, tally, kinds });
      try {
        for (let run = 0, loss: Loss | undefined; run < length && !loss; run += 1) {
          loss = await life.run();
          onRun(loss);
        }
      } finally {
        await life.end();
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes }, lane));
  } finally {
    await outside.close();
  }
}

interface StateFile {
  readonly checkpoint: {
    readonly latest: {
      readonly resources: readonly {
        readonly urn: string;
        readonly id?: string;
        readonly delete?: boolean;
      }[];
    };
  };
}

interface LifeOptions {
  readonly seed: string;
  readonly index: number;
  readonly agentsUrl: string;
  readonly tally: Tally;
  readonly kinds: readonly ListingType[] | undefined;
}

/** A project folder and its sandbox, run after run; as a life of the provider host, but with everything that is real. */
class WholeLife {
  readonly #options: LifeOptions;
  readonly #plan: LifePlan;
  readonly #sandbox: RunningSandbox;
  readonly #ledger: RunRecord;
  readonly #proxy: CountingProxy;
  readonly #project = new TestProject();
  /** Each ends a command that is still running. */
  readonly #started = new Set<() => void>();
  #agents: readonly Agent[] = [];
  #events: string[] = [];
  #runs = 0;
  /** In the present run. */
  #kills = 0;

  private constructor(options: LifeOptions, plan: LifePlan, sandbox: RunningSandbox) {
    this.#options = options;
    this.#plan = plan;
    this.#sandbox = sandbox;
    this.#ledger = new RunRecord(sandbox.url);
    const startedAt = Date.now();
    this.#proxy = new CountingProxy(sandbox.url, (event) => {
      this.#events.push(`${String(Date.now() - startedAt).padStart(6)} ms  ${event}`);
    });
  }

  static async start(options: LifeOptions): Promise<WholeLife> {
    const plan = planLife(new Random(`${options.seed}/whole/${options.index}`), options.kinds);
    const { chainSpeed, clockSkewSeconds, shuffle, v1Replacement } = plan;
    const sandbox = await startSandbox({ world: WITH_A2A, chainSpeed, clockSkewSeconds, shuffle });
    const life = new WholeLife(options, plan, sandbox);
    life.#project.useSandbox(await life.#proxy.listen());
    const stack = localRun(openProject(life.#project.root), "local");
    await initStack(stack);
    const settings = { owner: OWNER, settleSeconds: String(SETTLE_SECONDS), waitMinutes: "1", v1Replacement };
    for (const [key, value] of Object.entries(settings))
      await setConfig(stack, `masumi:${key}`, value, { secret: false });
    return life;
  }

  async run(): Promise<Loss | undefined> {
    const { seed, index, tally } = this.#options;
    const run = (this.#runs += 1);
    const random = new Random(`${seed}/whole/${index}/${run}`);
    const plan = planRun(random, this.#plan, this.#agents);
    this.#events = [];
    this.#kills = 0;
    this.#write(plan);
    const before = await this.#ledger.rows();
    const complaints = await this.#live(plan, random);
    await this.#ledger.setFaults([]);
    await this.#proxy.settled();
    await this.#ledger.awaitEffect();
    const after = await this.#ledger.rows();
    complaints.push(...findLosses({ before, after, locked: await this.#ledger.locked() }, plan.expected));
    if (complaints.length === 0 && plan.operation === "up") complaints.push(...(await this.#runOnceMore()));
    const known = new Set(before.map(({ id }) => id));
    tally.add("runs");
    if (this.#kills > 0) tally.add("runs with a kill");
    tally.add(
      "mints",
      after.filter(({ id, state }) => !known.has(id) && state !== "RegistrationFailed").length,
    );
    tally.add("requests", this.#proxy.requests);
    tally.add("writes", this.#proxy.writes);
    Object.assign(this.#proxy, { requests: 0, writes: 0 });
    if (complaints.length === 0) return undefined;
    return {
      again: `npm run chaos -- --seed ${seed} --life ${index} --runs 0 --whole-runs ${run}${this.#plan.kinds.length > 1 ? "" : " --standard"}`,
      complaints,
      world: this.#plan,
      plan,
      events: this.#events,
      rows: after.map(describeRow),
      state: this.#stateEntries(),
    };
  }

  async end(): Promise<void> {
    for (const end of this.#started) end();
    await this.#project.dispose();
    await this.#proxy.close();
    await this.#sandbox.close();
  }

  /** Declares what the plan has its author declare. */
  #write({ agents, losesState }: RunPlan): void {
    for (const { resource } of this.#agents) rmSync(this.#file(resource));
    for (const agent of agents) {
      const { agentsUrl } = this.#options;
      const terms = {
        payment: agent.type,
        price: `${agent.price / 1_000_000} ADA`,
        listing: agent.listing,
      };
      this.#project.write(
        `agents/${agent.resource}.yaml`,
        `${outsideAgent(titleOf(agent), agentsUrl, terms)}id: ${agent.id}\n`,
      );
    }
    this.#agents = agents;
    if (losesState)
      rmSync(join(openProject(this.#project.root).stateRoot, ".pulumi/stacks"), { recursive: true });
  }

  #file(resource: string): string {
    return this.#project.path("agents", `${resource}.yaml`);
  }

  /** Of the state file: URN and id. */
  #stateEntries(): string[] {
    const { stateRoot } = openProject(this.#project.root);
    return globSync(join(stateRoot, ".pulumi/stacks/*/*.json")).flatMap((file) => {
      const state = JSON.parse(readFileSync(file, "utf8")) as StateFile;
      return state.checkpoint.latest.resources.map(
        ({ urn, id = "", delete: isCondemned = false }) =>
          `${urn} ${id}${isCondemned ? " to be deleted" : ""}`,
      );
    });
  }

  async #live(plan: RunPlan, random: Random): Promise<string[]> {
    const attempts: (Attempt | undefined)[] = [
      ...plan.attempts,
      ...Array<undefined>(FURTHER_ATTEMPTS).fill(undefined),
    ];
    let last = "";
    for (const attempt of attempts) {
      if (isUnsettled(last)) await this.#settle();
      await this.#ledger.setFaults(attempt?.faults ?? []);
      const { exitCode, stdout, stderr } = await this.#attempt(plan, attempt, random);
      last = `${stdout.slice(-TAIL)}${stderr.slice(-TAIL)}`;
      delete this.#project.env[FORGET];
      this.#proxy.note(`${plan.operation} ended with ${exitCode}`);
      this.#options.tally.add("ups");
      if (exitCode === 0) return [];
    }
    return [`no run succeeds any more; the last one said: ${last}`];
  }

  /** A person makes sure that what was requested will not come any more, and says so for the next run. */
  async #settle(): Promise<void> {
    await this.#ledger.setFaults([]);
    await this.#proxy.settled();
    await delay(LATEST_MS);
    await this.#ledger.awaitEffect();
    this.#project.env[FORGET] = "all";
  }

  async #attempt(plan: RunPlan, attempt: Attempt | undefined, random: Random): Promise<CliResult> {
    const { child, done } = this.#start(plan.operation);
    if (!attempt) return done;
    const isWhole = random.chance(0.6);
    const isAtRequest = "which" in attempt.kill && random.chance(0.6);
    const kill = async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      if (isWhole) killTree(child);
      else child.kill("SIGKILL");
      this.#kills += 1;
      this.#options.tally.add(
        `kill: ${isWhole ? "all processes" : "the command alone"}, ${isAtRequest ? attempt.kill.phase : "moment"}`,
      );
      this.#proxy.note(`killed ${isWhole ? "all processes" : "the command alone"}`);
    };
    if (isAtRequest && "which" in attempt.kill) this.#proxy.arm(attempt.kill, kill);
    const timer = isAtRequest ? undefined : setTimeout(() => void kill(), random.int(300, KILLED_WITHIN_MS));
    try {
      return await done;
    } finally {
      clearTimeout(timer);
      this.#proxy.disarm();
    }
  }

  async #runOnceMore(): Promise<string[]> {
    const { writes } = this.#proxy;
    const { exitCode, stdout, stderr } = await this.#start("up", "--json").done;
    if (exitCode !== 0) return [`a further run fails: ${stderr.slice(-TAIL)}`];
    const done = changes(JSON.parse(stdout) as RunReport);
    return [
      ...(done.length === 0 ? [] : [`a further run does what was done: ${done.join(", ")}`]),
      ...(this.#proxy.writes === writes ? [] : [`a further run sends ${this.#proxy.writes - writes} writes`]),
    ];
  }

  /** Starts the command as a user would, as the head of a process group of its own. */
  #start(...words: string[]): { readonly child: ChildProcess; readonly done: Promise<CliResult> } {
    const child = spawn(
      process.execPath,
      [join(repository, "cli/main.ts"), "--cwd", this.#project.root, ...words],
      {
        cwd: this.#project.root,
        env: { ...process.env, ...this.#project.env, NODE_NO_WARNINGS: "1", CI: "true" },
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
      },
    );
    const end = tidyAtExit(() => killTree(child));
    this.#started.add(end);
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const done = new Promise<CliResult>((resolve, reject) => {
      child.once("error", reject);
      // Not "close": a provider host that outlives its engine keeps the output open.
      child.once("exit", (exitCode) => {
        this.#started.delete(end);
        end();
        resolve({ exitCode, stdout, stderr });
      });
    });
    return { child, done };
  }
}
