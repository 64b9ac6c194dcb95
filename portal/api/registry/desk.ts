import type { CallOptions } from "../../../stacks/index.ts";
import { readConfig } from "../../../stacks/project.ts";
import type { Listed, RegistryHealth, RegistryReport } from "../../../stacks/registry/health.ts";
import { askRegistryOfStack } from "../../../stacks/registry/of-stack.ts";
import type { FleetDirectory } from "../../fleets/fleets.ts";

/** What the network's registry said of an agent. */
export interface RegistryAnswer {
  readonly askedAt: Date;
  /** Undefined: it could not be asked about this agent. */
  readonly health: RegistryHealth | undefined;
  /** Why nothing is known, or not all, for the operator; null if all was told. */
  readonly problem: string | null;
}

type Ask = (agent: Listed) => Promise<RegistryReport>;

interface Kept {
  readonly answer: Promise<RegistryAnswer>;
  /** As performance.now() tells it; Infinity as long as the answer is under way. */
  until: number;
}

/** The registry checks an agent every few minutes at most. */
const KEPT_MS = 60_000;
/** So long a registry that gave no answer is not asked about any other agent either. */
const SPARED_MS = 10_000;
const MOST_KEPT = 10_000;
const AT_A_TIME = 4;

/**
 * Asks the registry about single agents, for whoever looks at their pages: once for all who look at one of them within a minute, about four
 * at a time. Each portal keeps its own answers.
 */
export class RegistryDesk {
  readonly #ask: Ask;
  readonly #say: (line: string) => void;
  readonly #kept = new Map<string, Kept>();
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;
  #down: { readonly problem: string; readonly until: number } | undefined;
  #said: string | null = null;

  constructor(ask: Ask, say: (line: string) => void) {
    this.#ask = ask;
    this.#say = say;
  }

  of(agent: Listed): Promise<RegistryAnswer> {
    const { agentIdentifier: id } = agent;
    const kept = this.#kept.get(id);
    if (kept && kept.until > performance.now()) return kept.answer;
    const answer = this.#inTurn(agent);
    const entry: Kept = { answer, until: Number.POSITIVE_INFINITY };
    // The newest are at the end.
    this.#kept.delete(id);
    this.#kept.set(id, entry);
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value ?? "");
    answer.then(
      ({ problem }) => (entry.until = performance.now() + (problem === null ? KEPT_MS : SPARED_MS)),
      () => (entry.until = 0),
    );
    return answer;
  }

  async #inTurn(agent: Listed): Promise<RegistryAnswer> {
    if (this.#underWay < AT_A_TIME) this.#underWay += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await this.#asked(agent);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#underWay -= 1;
    }
  }

  async #asked(agent: Listed): Promise<RegistryAnswer> {
    const askedAt = new Date();
    if (this.#down && this.#down.until > performance.now())
      return { askedAt, health: undefined, problem: this.#down.problem };
    const { problem, agents } = await this.#ask(agent);
    this.#down = problem === null ? undefined : { problem, until: performance.now() + SPARED_MS };
    if (problem !== null && problem !== this.#said) this.#say(`The network's registry: ${problem}`);
    this.#said = problem;
    return { askedAt, health: agents.get(agent.agentIdentifier), problem };
  }
}

/**
 * Opens what asks the registry service that the model stack names, whose fleets are its copies; undefined where it names none. The key is
 * masumi:registryKey of a stack of this machine, else MASUMI_REGISTRY_KEY.
 */
export function openRegistry(
  { project, model }: Pick<FleetDirectory, "project" | "model">,
  { env }: Pick<CallOptions, "env">,
  say: (line: string) => void,
): RegistryDesk | undefined {
  if (!readConfig(project, model)["masumi:registryServiceUrl"]) return undefined;
  const ask: Ask = async (agent) =>
    (await askRegistryOfStack(project, model, [agent], { env })) ?? {
      problem: `masumi:registryServiceUrl of the stack ${model} is gone.`,
      agents: new Map(),
    };
  return new RegistryDesk(ask, say);
}
