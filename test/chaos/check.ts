import { type Agent, markerOf, titleOf, vkeyOf } from "./agents.ts";
import type { Entry } from "./engine.ts";
import { type Row, isMinted, isOver, priceOf } from "./ledger.ts";

/** What must have become of an agent's registration when a run is through. */
export type Fate =
  /** The row it had is still the one. */
  | "kept"
  /** Another row, minted once in this run; the one before, if any, is burned. */
  | "new"
  /** Nothing of it is left. */
  | "none";

export interface Expected {
  readonly agent: Agent;
  readonly fate: Fate;
}

export interface World {
  /** Rows before the run and after it, when no transaction is under way any more. */
  readonly before: readonly Row[];
  readonly after: readonly Row[];
  /** Lovelace beside live tokens. */
  readonly locked: number;
}

const LOVELACE_PER_TOKEN = 5_000_000;

/** What a run has lost or spent without need, in words; nothing if all is as declared. Looks at rows and tokens alone. */
export function findLosses({ before, after, locked }: World, expected: readonly Expected[]): string[] {
  const known = new Set(before.map(({ id }) => id));
  const live = after.filter(({ state }) => !isOver(state));
  const markers = new Set(expected.map(({ agent }) => markerOf(agent)));
  const strays = live.filter(({ Tags }) => !Tags.some((tag) => markers.has(tag)));
  const tokens = locked / LOVELACE_PER_TOKEN;
  return [
    ...expected.flatMap((one) => lossesOf(one, before, after, known)),
    ...strays.map(({ id, state }) => `row ${id} (${state}) belongs to no agent`),
    ...unless(tokens === live.length, `${tokens} tokens are on the chain for ${live.length} live rows`),
  ];
}

function lossesOf(
  { agent, fate }: Expected,
  before: readonly Row[],
  after: readonly Row[],
  known: ReadonlySet<string>,
): string[] {
  const isOurs = ({ Tags }: Row) => Tags.includes(markerOf(agent));
  const isLive = ({ state }: Row) => !isOver(state);
  const live = after.filter(isOurs).filter(isLive);
  const minted = after.filter((row) => isOurs(row) && isMinted(row) && !known.has(row.id));
  const wanted = fate === "none" ? 0 : 1;
  const mints = fate === "new" ? 1 : 0;
  const [held] = before.filter(isOurs).filter(isLive);
  const [row] = live;
  const say = (text: string) => `${agent.id}: ${text}`;
  return [
    ...unless(
      live.length === wanted,
      say(`${live.length} live registrations instead of ${wanted}: ${list(live)}`),
    ),
    ...unless(minted.length === mints, say(`${minted.length} mints instead of ${mints}: ${list(minted)}`)),
    ...unless(
      fate !== "kept" || row?.id === held?.id,
      say(`row ${held?.id} is not its registration any more`),
    ),
    ...(row && wanted === 1 ? differences(row, agent).map(say) : []),
  ];
}

/** As the service calls the types. */
const SHOWN_AS = { standard: "Standard", openapi: "OpenApi", a2a: "A2A", x402: "X402" } as const;

function differences(row: Row, agent: Agent): string[] {
  return [
    ...unless(/^(Registration|Update)Confirmed$/.test(row.state), `row ${row.id} is ${row.state}`),
    ...unless(row.name === titleOf(agent), `row ${row.id} is named ${row.name}`),
    ...unless(
      priceOf(row) === String(agent.price),
      `row ${row.id} costs ${priceOf(row)}, not ${agent.price}`,
    ),
    ...unless(row.type === SHOWN_AS[agent.listing], `row ${row.id} is of the type ${row.type}`),
    ...unless(row.SmartContractWallet.walletVkey === vkeyOf(agent), `row ${row.id} is on another wallet`),
  ];
}

/** What is wrong with a state that a run has left behind and a later one must be able to use. */
export function findStateFaults(
  state: readonly Entry[],
  rows: readonly Row[],
  expected: readonly Expected[],
): string[] {
  const wanted = expected
    .filter(({ fate }) => fate !== "none")
    .flatMap(({ agent }) => {
      const row = rows.find(({ Tags, state }) => Tags.includes(markerOf(agent)) && !isOver(state));
      return (["registration", "confirmation"] as const).map(
        (kind) => `${kind} ${agent.resource} ${row?.id}`,
      );
    });
  const found = state.map(describeEntry);
  return [
    ...wanted.filter((entry) => !found.includes(entry)).map((entry) => `the state lacks ${entry}`),
    ...found.filter((entry) => !wanted.includes(entry)).map((entry) => `the state has ${entry}`),
    ...unless(new Set(found).size === found.length, "the state has an entry twice"),
  ];
}

export function describeEntry({ kind, name, id, ...entry }: Entry): string {
  const marks = `${entry.delete ? " to be deleted" : ""}${entry.pendingReplacement ? " to be replaced" : ""}`;
  return `${kind} ${name} ${id}${marks}`;
}

const list = (rows: readonly Row[]) => rows.map(({ id, state }) => `${id} (${state})`).join(", ") || "none";

const unless = (ok: boolean, complaint: string): string[] => (ok ? [] : [complaint]);
