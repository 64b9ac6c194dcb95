import { deepStrictEqual } from "node:assert/strict";
import { type AgentReport, type RunReport, changes } from "../helpers/project.ts";
import type { Foundation } from "./foundation.ts";
import { until } from "./processes.ts";

const PATIENCE_MS = 60_000;

export interface Availability {
  readonly status: string;
  readonly agentIdentifier?: string;
}

/** A stack of agents and what a test asks of it, wherever it is hosted. */
export class Story {
  readonly #world: Foundation;
  readonly #availability: (id: string, report: AgentReport) => Promise<Availability>;
  #latest: RunReport | undefined;

  /** @param availability asks an agent for it, as its public does */
  constructor(world: Foundation, availability: (id: string, report: AgentReport) => Promise<Availability>) {
    this.#world = world;
    this.#availability = availability;
  }

  /** Brings the stack up; what was done to get there. */
  async up(): Promise<string[]> {
    const report = await this.#world.report("up");
    this.#latest = report;
    return changes(report);
  }

  /** Of an `up` that fails: what it says. */
  async failure(): Promise<string> {
    const { exitCode, stderr, stdout } = await this.#world.run("up");
    if (exitCode !== 1) throw new Error(`up ended with ${exitCode}:\n${stderr}${stdout}`);
    return `${stderr}${stdout}`;
  }

  /** An agent as the latest successful `up` left it. */
  reported(id: string): AgentReport {
    const found = this.#latest?.outputs.agents?.agents[id];
    if (!found) throw new Error(`no output for ${id}`);
    return found;
  }

  availability(id: string): Promise<Availability> {
    return this.#availability(id, this.reported(id));
  }

  /** Waits until a crew has its registration's identifier and takes jobs: it looks for it by itself. */
  async knows(id: string): Promise<void> {
    await until(`${id} knows its identifier`, PATIENCE_MS, async () => {
      const { status, agentIdentifier } = await this.availability(id);
      return (status === "available" && agentIdentifier === this.reported(id).agentIdentifier) || undefined;
    });
  }

  /** Does some work, and makes sure that no request of it reached the chain. */
  async withoutChain<T>(work: () => Promise<T>): Promise<T> {
    const chain = await this.#registrations();
    const done = await work();
    deepStrictEqual(await this.#registrations(), chain, "the chain was touched");
    return done;
  }

  /** An `up` that may not touch the chain; what it did. */
  upWithoutChain(): Promise<string[]> {
    return this.withoutChain(() => this.up());
  }

  /** What would show any request that reached the chain. */
  async #registrations() {
    return (await this.#world.service.rows()).map(({ id, state, agentIdentifier, txHash }) => ({
      id,
      state,
      agentIdentifier,
      txHash,
    }));
  }
}

/** A folder to `build:` whose container ends at once, with its last words. */
export function writeBroken({ project }: Foundation, folder: string): void {
  const [, base = ""] = /^ARG BASE_IMAGE=(\S+)$/m.exec(project.read("crew/Dockerfile")) ?? [];
  project.write(`${folder}/Dockerfile`, `FROM ${base}\nCMD ["sh", "-c", "echo no paper left; exit 3"]\n`);
}

/** A declaration of a crew, with a folder to build in its place. */
export const builtFrom = (folder: string, declaration: string): string =>
  declaration.replace(/^crew:(?:\n .*)+/m, `build: ${folder}`);
