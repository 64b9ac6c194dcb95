import { createHash } from "node:crypto";
import type {
  Agent,
  AgentState,
  BillingStatus,
  Chosen,
  Configuration,
  Registry,
  Step,
  StoredDocument,
  Try,
  User,
} from "../../../../portal/page/src/wire.ts";

export type OwnedAgent = Agent & { readonly user: string };

/** A try, and who asked. */
export type OwnedTry = Try & { readonly user: string };

/** A document that somebody uploaded, with what is in it. */
export interface Upload {
  readonly name: string;
  readonly text: string;
}

export interface Texts {
  readonly name: string;
  readonly bio: string;
  readonly description: string;
  readonly choices?: Chosen;
}

/** What an agent costs by what was chosen. */
function priceOf(template: string, chosen: Chosen): string {
  const { price = "1 USDM", choices = [] } = CONFIGURATION.templates.find(({ id }) => id === template) ?? {};
  const options = choices.flatMap(({ id, options: all }) => all.filter(({ name }) => name === chosen[id]));
  return options.find((option) => option.price !== undefined)?.price ?? price;
}

const LENGTHS = { name: 60, bio: 2000, description: 240 };

export const CONFIGURATION: Configuration = {
  network: "Preprod",
  signIn: { kind: "local" },
  billing: "none",
  registry: false,
  templates: [
    {
      id: "support-desk",
      name: "Support desk",
      description: "Answers your customers' questions from your documents, and says so if it does not know.",
      price: "2 USDM",
      documents: { least: 0, most: 5, mostBytes: 2_000_000, types: [".pdf", ".md", ".txt"] },
      takes: ["name", "bio", "description"],
      choices: [],
      lengths: LENGTHS,
    },
    {
      id: "researcher",
      name: "Researcher",
      description: "Looks a question up and writes a two-page brief with its sources.",
      price: "5 USDM",
      documents: null,
      takes: ["name", "bio", "description"],
      choices: [
        {
          id: "price",
          name: "Price of a job",
          hint: "What those who hire it pay for each brief.",
          options: ["3 USDM", "5 USDM", "10 USDM"].map((name) => ({ name, price: name })),
          default: "5 USDM",
        },
      ],
      lengths: LENGTHS,
    },
    {
      id: "document-expert",
      name: "Document expert",
      description: "Reads long documents and answers with the passage it found.",
      price: "3 USDM",
      documents: { least: 1, most: 20, mostBytes: 2_000_000, types: [".pdf", ".md", ".txt"] },
      takes: ["name", "bio", "description"],
      choices: [],
      lengths: LENGTHS,
    },
  ],
};

const CREATION: readonly (readonly [step: string, state: AgentState])[] = [
  ["declared", "declared"],
  ["", "starting"],
  ["running", "running"],
  ["requested", "requested"],
  ["onChain", "requested"],
  ["registered", "registered"],
];
const CHANGE: readonly (readonly [step: string, state: AgentState])[] = [
  ["declared", "updating"],
  ["running", "updating"],
  ["requested", "updating"],
  ["onChain", "updating"],
  ["registered", "registered"],
];
const REMOVAL: readonly (readonly [step: string, state: AgentState])[] = [["deregistered", "deregistered"]];

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface Heard {
  readonly agent?: (agent: OwnedAgent) => void;
  readonly step?: (agentId: string, step: Step) => void;
}

/** The agents of the page's double: they move from state to state by themselves, one step each `paceMs`. */
export class World {
  readonly agents = new Map<string, OwnedAgent>();
  readonly uploads = new Map<string, Upload>();
  /** By the agents' ids, newest first. */
  readonly tries = new Map<string, readonly OwnedTry[]>();
  readonly billing = new Map<string, BillingStatus>();
  /** By the agents' ids. */
  readonly registry = new Map<string, Registry>();
  readonly followers = new Set<Heard>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #paceMs: number;
  #version = 0;
  #made = 0;

  constructor(paceMs: number) {
    this.#paceMs = paceMs;
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  of(user: User): OwnedAgent[] {
    return [...this.agents.values()].filter((agent) => agent.user === user.id || user.isOperator);
  }

  put(agent: OwnedAgent): OwnedAgent {
    this.#version += 1;
    const next = { ...agent, version: String(this.#version), updatedAt: new Date().toISOString() };
    this.agents.set(agent.agentId, next);
    for (const { agent: heard } of this.followers) heard?.(next);
    return next;
  }

  /** Changes an agent from outside, as a run would. */
  set(agentId: string, changed: Partial<Agent>): void {
    const agent = this.agents.get(agentId);
    if (agent) this.put({ ...agent, ...changed, user: agent.user });
  }

  store(uploads: readonly Upload[]): StoredDocument[] {
    return uploads.map((upload) => {
      const digest = sha256(upload.text);
      this.uploads.set(digest, upload);
      return { sha256: digest, name: upload.name, bytes: Buffer.byteLength(upload.text) };
    });
  }

  addTry(agentId: string, tried: OwnedTry): void {
    this.tries.set(agentId, [tried, ...(this.tries.get(agentId) ?? [])]);
  }

  /** What a user is told of an agent's tries. */
  triesOf(agentId: string, { id }: User): Try[] {
    return (this.tries.get(agentId) ?? []).map(({ user, input, answer, problem, ...seen }) =>
      user === id ? { ...seen, input, answer, problem } : seen,
    );
  }

  create(user: User, template: string, texts: Texts, uploads: readonly Upload[]): OwnedAgent {
    this.#made += 1;
    const now = new Date().toISOString();
    const slug =
      texts.name
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, "-")
        .replace(/^-|-$/g, "") || "agent";
    const agent = this.put({
      choices: {},
      ...texts,
      agentId: `${slug.slice(0, 40)}-${sha256(`${this.#made}`).slice(0, 6)}`,
      masumiId: null,
      template,
      state: "accepted",
      problem: null,
      price: priceOf(template, texts.choices ?? {}),
      network: "Preprod",
      url: null,
      input: [
        {
          id: "question",
          type: "textarea",
          name: "Question",
          data: { placeholder: "What would you like to know?" },
        },
      ],
      documents: this.store(uploads),
      expectedAt: null,
      version: "0",
      createdAt: now,
      updatedAt: now,
      timeline: [{ step: "accepted", at: now }],
      user: user.id,
    });
    this.#walk(agent.agentId, CREATION);
    return agent;
  }

  change(
    agentId: string,
    texts: Partial<Texts>,
    added: readonly Upload[],
    removed: readonly string[],
  ): Agent | undefined {
    const agent = this.agents.get(agentId);
    if (!agent) return undefined;
    const kept = agent.documents.filter((one) => !removed.includes(one.sha256));
    const changed = this.put({
      ...agent,
      ...texts,
      price: priceOf(agent.template, texts.choices ?? agent.choices),
      documents: [...kept, ...this.store(added)],
      state: "updating",
      timeline: [...agent.timeline, { step: "changed", at: new Date().toISOString() }],
    });
    this.#walk(agentId, CHANGE);
    return changed;
  }

  remove(agentId: string): Agent | undefined {
    const agent = this.agents.get(agentId);
    if (!agent) return undefined;
    const timeline = [...agent.timeline, { step: "leaving", at: new Date().toISOString() }];
    const leaving = this.put({ ...agent, state: "leaving", timeline });
    this.#walk(agentId, REMOVAL);
    return leaving;
  }

  #walk(agentId: string, [next, ...rest]: readonly (readonly [string, AgentState])[]): void {
    if (!next || !Number.isFinite(this.#paceMs)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const agent = this.agents.get(agentId);
      if (!agent || agent.state === "failed") return;
      this.put(this.#stepped(agent, next));
      this.#walk(agentId, rest);
    }, this.#paceMs);
    this.#timers.add(timer);
  }

  #stepped(agent: OwnedAgent, [step, state]: readonly [string, AgentState]): OwnedAgent {
    const at = new Date().toISOString();
    for (const { step: heard } of this.followers)
      heard?.(agent.agentId, { step: step || "run", at, detail: `Working on ${step || "the run"}` });
    const isRunning = step === "running";
    return {
      ...agent,
      state,
      timeline: step === "" ? agent.timeline : [...agent.timeline, { step, at }],
      url: isRunning ? `https://agents.example.com/${agent.agentId}` : agent.url,
      masumiId:
        step === "registered"
          ? `asset1${sha256(`${agent.agentId}${at}`)}${sha256(agent.name).slice(0, 50)}`
          : agent.masumiId,
      expectedAt: step === "requested" ? new Date(Date.now() + 90_000).toISOString() : agent.expectedAt,
    };
  }
}
