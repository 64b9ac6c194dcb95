import { LISTING_TYPES, type ListingType } from "../../providers/masumi/service/index.ts";
import { type Agent, type V1Replacement, type WalletType, titleOf } from "./agents.ts";
import type { Expected, Fate } from "./check.ts";
import type { RequestKill } from "./proxy.ts";
import type { Random } from "./random.ts";

/** How the world of a life is made; the same for all its runs. */
export interface LifePlan {
  readonly chainSpeed: number | "instant";
  readonly clockSkewSeconds: number;
  readonly shuffle: boolean;
  readonly v1Replacement: V1Replacement;
  /** Wallet type of each of the life's agents when it is first registered. */
  readonly types: readonly WalletType[];
  /** How each of them is listed then. */
  readonly listings: readonly ListingType[];
  /** Types of listings that agents may have; one alone: they never change. */
  readonly kinds: readonly ListingType[];
}

/** When the provider host is killed. */
export type Kill =
  | RequestKill
  /** When the nth operation has returned, and before the state has it. */
  | { readonly phase: "unsaved"; readonly nth: number }
  /** So many milliseconds after the run began. */
  | { readonly phase: "moment"; readonly ms: number };

export interface Attempt {
  readonly kill: Kill;
  readonly faults: readonly FaultPlan[];
}

export type FaultPlan = Readonly<Record<string, string | number>> & { readonly kind: string };

export interface RunPlan {
  readonly edits: readonly string[];
  readonly operation: "up" | "destroy";
  readonly losesState: boolean;
  /** What is declared now. */
  readonly agents: readonly Agent[];
  readonly expected: readonly Expected[];
  /** Attempts that are disturbed; those after them are not. */
  readonly attempts: readonly Attempt[];
}

/** Longest time by which a plan delays a write after its client's death; far less than the client's settleSeconds. */
export const LATEST_MS = 800;

/** V1 registrations cannot say that they have an agent card. */
const kindsOn = (type: WalletType, kinds: readonly ListingType[]): readonly ListingType[] =>
  kinds.filter((kind) => type === "V2" || kind !== "a2a");

export function planLife(random: Random, kinds: readonly ListingType[] = LISTING_TYPES): LifePlan {
  const type = (): WalletType => random.pick(["V1", "V2"] as const);
  const life = {
    chainSpeed: random.pick(["instant", 4_000, 1_000, 400] as const),
    clockSkewSeconds: random.pick([0, 0, 3_600, -3_600]),
    shuffle: random.chance(0.3),
    v1Replacement: random.pick(["create-first", "delete-first"] as const),
    types: [type(), type(), type()],
  };
  return { ...life, kinds, listings: life.types.map((one) => random.pick(kindsOn(one, kinds))) };
}

/** A run of a life whose author has declared `agents` so far. */
export function planRun(random: Random, life: LifePlan, agents: readonly Agent[]): RunPlan {
  const change = agents.length === 0 ? registerAll(random, life) : changeSome(random, life, agents);
  const everyone = [
    ...agents.filter(({ id }) => !change.agents.some((one) => one.id === id)),
    ...change.agents,
  ];
  const expected = everyone.map((agent) => ({ agent, fate: change.fates.get(agent.id) ?? "kept" }));
  const writes = expected.reduce((sum, one) => sum + writesOf(one, agents), 0);
  const count = random.weighted([
    [65, 1],
    [25, 2],
    [10, 3],
  ] as const);
  const attempts = Array.from({ length: count }, () => planAttempt(random, everyone, { writes }));
  const { edits, operation, losesState } = change;
  return { edits, operation, losesState, agents: change.agents, expected, attempts };
}

/** How many requests that change something an agent needs, when nothing goes wrong. */
function writesOf({ agent, fate }: Expected, before: readonly Agent[]): number {
  const old = before.find(({ id }) => id === agent.id);
  if (fate === "new") return old ? 2 : 1;
  return fate === "none" || old?.price !== agent.price ? 1 : 0;
}

type Change = Pick<RunPlan, "edits" | "operation" | "losesState" | "agents"> & {
  readonly fates: Map<string, Fate>;
};

const IDS = ["ada", "bob", "cyd"];

function newcomer(random: Random, { types, listings }: LifePlan, id: string): Agent {
  const [type = "V1", listing = "standard"] = [types[IDS.indexOf(id)], listings[IDS.indexOf(id)]];
  return { id, resource: id, type, listing, price: 1_000_000 * random.int(1, 99) };
}

const kindOf = ({ type, listing }: Agent): string =>
  listing === "standard" ? `(${type})` : `(${type}, ${listing})`;

function registerAll(random: Random, life: LifePlan): Change {
  const agents = IDS.slice(0, random.int(2, 3)).map((id) => newcomer(random, life, id));
  return {
    edits: agents.map((agent) => `register ${agent.id} ${kindOf(agent)}`),
    operation: "up",
    losesState: false,
    agents,
    fates: new Map(agents.map(({ id }) => [id, "new"])),
  };
}

function changeSome(random: Random, life: LifePlan, agents: readonly Agent[]): Change {
  const whole = random.weighted([
    [10, "destroy"],
    [12, "lost"],
    [78, "edit"],
  ] as const);
  const change = { operation: "up", losesState: false, agents, fates: new Map<string, Fate>() } as const;
  if (whole === "lost") return { ...change, edits: ["lose the state"], losesState: true };
  if (whole === "destroy") {
    const fates = new Map(agents.map(({ id }) => [id, "none" as const]));
    return { ...change, edits: ["destroy"], operation: "destroy", agents: [], fates };
  }
  const missing = IDS.filter((id) => !agents.some((agent) => agent.id === id));
  const touched = new Set(
    random.chance(0.3)
      ? agents.map(({ id }) => id)
      : [random.pick([...agents.map(({ id }) => id), ...missing])],
  );
  const edits = agents.map((agent) => (touched.has(agent.id) ? editAgent(random, life, agent) : keep(agent)));
  for (const id of missing.filter((id) => touched.has(id))) {
    const agent = newcomer(random, life, id);
    edits.push({ what: `register ${id} ${kindOf(agent)}`, agent, fate: "new" });
  }
  return {
    ...change,
    edits: edits.map(({ what }) => what).filter((what) => what !== ""),
    agents: edits.flatMap(({ agent, fate }) => (fate === "none" ? [] : [agent])),
    fates: new Map(edits.map(({ agent, fate }) => [agent.id, fate])),
  };
}

interface Edit {
  readonly what: string;
  readonly agent: Agent;
  readonly fate: Fate;
}

const keep = (agent: Agent): Edit => ({ what: "", agent, fate: "kept" });

function editAgent(random: Random, { kinds }: LifePlan, agent: Agent): Edit {
  const { id, type, listing } = agent;
  const edit = random.weighted([
    [45, "price"],
    [20, "rename"],
    [25, "remove"],
    [10, "move"],
    [kinds.length > 1 ? 15 : 0, "relist"],
  ] as const);
  if (edit === "price") {
    // Others cannot be updated.
    const fate = type === "V1" || listing !== "standard" ? "new" : "kept";
    const priced = { ...agent, price: agent.price + 1_000_000 };
    return { what: `another price for ${id} ${kindOf(agent)}`, agent: priced, fate };
  }
  if (edit === "rename") {
    const renamed = { ...agent, resource: `${agent.resource}x` };
    return { what: `rename the file of ${id}`, agent: renamed, fate: "kept" };
  }
  if (edit === "remove") return { what: `remove ${id} ${kindOf(agent)}`, agent, fate: "none" };
  if (edit === "relist") {
    const other = random.pick(kindsOn(type, kinds).filter((kind) => kind !== listing));
    return {
      what: `list ${id} ${kindOf(agent)} as ${other}`,
      agent: { ...agent, listing: other },
      fate: "new",
    };
  }
  return moveAgent(agent);
}

function moveAgent(agent: Agent): Edit {
  const { id, type, listing } = agent;
  const other = type === "V1" ? "V2" : "V1";
  const kept = kindsOn(other, [listing]).length > 0 ? listing : "standard";
  const moved: Agent = { ...agent, type: other, listing: kept };
  return { what: `move ${id} ${kindOf(agent)} to ${other}`, agent: moved, fate: "new" };
}

/* ---- disturbances -------------------------------------------------------------------------------------- */

/** @param options.writes how many requests of the run change something */
function planAttempt(random: Random, agents: readonly Agent[], { writes }: { writes: number }): Attempt {
  const isDisturbed = random.chance(0.35);
  const faults = isDisturbed ? Array.from({ length: random.int(1, 2) }, () => planFault(random, agents)) : [];
  const kill = planKill(random, writes);
  if (kill.phase !== "waiting" || !random.chance(0.2)) return { kill, faults };
  const hang = random.pick(["hang-before-write", "hang-after-write"]);
  return {
    kill: { ...kill, ms: random.int(200, 1_500) },
    faults: WRITES.map((route) => ({ kind: hang, route })),
  };
}

function planKill(random: Random, writes: number): Kill {
  const ms = random.int(20, LATEST_MS);
  const onWrite = random.weighted([
    [30, "late"],
    [25, "unanswered"],
    [20, "unsent"],
    [10, "answered"],
    [15, "waiting"],
  ] as const);
  const onAny = random.pick(["unsent", "unanswered", "answered", "waiting"] as const);
  const nth = random.int(1, Math.max(1, writes));
  return random.weighted<Kill>([
    [writes > 0 ? 64 : 0, { which: "write", nth, phase: onWrite, ms }],
    [18, { which: "any", nth: random.int(1, writes > 0 ? 6 : 3), phase: onAny, ms }],
    [15, { phase: "unsaved", nth }],
    [3, { phase: "moment", ms: random.int(0, 500) }],
  ]);
}

const WRITES = ["POST /registry", "POST /registry/update", "POST /registry/deregister"];

function planFault(random: Random, agents: readonly Agent[]): FaultPlan {
  const ms = random.int(50, LATEST_MS);
  const answer = { status: random.pick([500, 502, 503]), body: random.pick(["json", "html"]) };
  if (random.chance(0.35)) return planTransactionFault(random, agents);
  const reads = random.chance(0.25);
  const route = reads ? "*" : random.pick(WRITES);
  return random.pick<FaultPlan>([
    { kind: "lost-before-write", route },
    { kind: "lost-after-write", route },
    { kind: "late-write", route, ms },
    { kind: "late-answer", route, ms },
    { kind: "slow", route, ms },
    { kind: "error-before-write", route, ...answer },
    { kind: "error-after-write", route, ...answer },
    { kind: "rate-limit", route, retryAfter: 1 },
    { kind: "not-json", route },
    { kind: "truncated-json", route },
    { kind: "chain-down", route },
  ]);
}

/** A dropped V1 transaction leaves its row as it is for ever, so only V2 loses some. */
function planTransactionFault(random: Random, agents: readonly Agent[]): FaultPlan {
  const agent = random.pick(agents);
  const operation = random.pick(["Registration", "Update", "Deregistration"]);
  const kind = agent.type === "V2" && random.chance(0.5) ? "drop-transaction" : "fail-transaction";
  return { kind, operation, name: titleOf(agent) };
}
