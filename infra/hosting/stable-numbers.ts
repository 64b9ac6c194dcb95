import { createHash } from "node:crypto";

/** The available numbers: `count` of them, starting at `first`. */
export interface NumberRange {
  readonly first: number;
  readonly count: number;
}

export interface NumberOptions {
  /** What distinguishes these ids from the same ones of another stack. */
  readonly scope?: readonly string[];
  /** Numbers that no id may get. */
  readonly taken?: ReadonlySet<number>;
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Returns a unique number for each id, the same on every machine and without a record of earlier runs. An id's number is
 * derived from the id and the scope. If ids clash, the alphabetically first keeps the number and the others take the next
 * free one.
 *
 * @throws RangeError if there are more ids than numbers
 */
export function stableNumbers(
  ids: Iterable<string>,
  { first, count }: NumberRange,
  { scope = [], taken = new Set() }: NumberOptions = {},
): ReadonlyMap<string, number> {
  const sorted = [...new Set(ids)].toSorted(byText);
  const used = new Set([...taken].map((number) => number - first).filter((at) => at >= 0 && at < count));
  const free = count - used.size;
  if (sorted.length > free) throw new RangeError(`${sorted.length} ids are more than ${free} numbers`);
  const own = (id: string) => hashOf(scope.length === 0 ? id : JSON.stringify([...scope, id])) % count;

  const numbers = new Map<string, number>();
  const take = (id: string, offset: number) => {
    used.add(offset);
    numbers.set(id, first + offset);
  };
  const displaced = sorted.filter((id) => {
    if (used.has(own(id))) return true;
    take(id, own(id));
    return false;
  });
  for (const id of displaced) {
    let offset = own(id);
    while (used.has(offset)) offset = (offset + 1) % count;
    take(id, offset);
  }
  return numbers;
}

const hashOf = (text: string) => createHash("sha256").update(text).digest().readUInt32BE(0);

/** The agents of a stack that need a number each, and what is known of the numbers that they have. */
export interface NumberedAgents {
  readonly ids: readonly string[];
  readonly range: NumberRange;
  readonly scope: readonly string[];
  /** Numbers that are settled: set by the operator, or read from a registration. */
  readonly settled: ReadonlyMap<string, number>;
  /** Ids of agents that are registered, so they have a number already. */
  readonly living: { has(id: string): boolean };
}

/**
 * Returns the number of each agent. A newcomer gets none that a registered agent has or may have, so it moves nobody,
 * whatever the two are called.
 */
export function agentNumbers(agents: NumberedAgents): ReadonlyMap<string, number> {
  const { ids, range, scope, settled, living } = agents;
  const open = ids.filter((id) => !settled.has(id));
  const registered = open.filter((id) => living.has(id));
  const newcomers = open.filter((id) => !living.has(id));
  const taken = new Set(settled.values());
  const theirs = stableNumbers(registered, range, { scope, taken });
  // Before numbers depended on the stack, they were derived from the id alone; whoever got one then still has it.
  const former = stableNumbers(registered, range);
  const avoided = new Set([...taken, ...theirs.values(), ...former.values()]);
  const fresh = stableNumbers(newcomers, range, { scope, taken: avoided });
  return new Map(
    ids.flatMap((id) => {
      const number = settled.get(id) ?? theirs.get(id) ?? fresh.get(id);
      return number === undefined ? [] : [[id, number] as const];
    }),
  );
}

/** Returns which numbers a map of settings gives to several agents, each with its remedy. */
export function repeatedNumbers(setting: string, given: Readonly<Record<string, number>>): string[] {
  const numbers = Object.values(given);
  const repeated = new Set(numbers.filter((number, index) => numbers.indexOf(number) < index));
  return [...repeated].map((number) => {
    const ids = Object.keys(given).filter((id) => given[id] === number);
    return `${setting} gives ${number} to ${ids.join(" and ")}: give each a number of its own`;
  });
}
