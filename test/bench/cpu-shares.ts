import type { Role } from "./process-memory.ts";

/** What a run spends its time with. */
export const PARTS = [
  "loading",
  "collection",
  "pipes, messages",
  "SDK",
  "YAML, zod",
  "engine",
  "ours",
  "rest",
] as const;
export type Part = (typeof PARTS)[number];

/** The part of Node's CPU profile that is read here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

/** By the file of a function, the first that fits. */
const FILES: readonly (readonly [Part, RegExp])[] = [
  ["loading", /^node:internal\/(modules|bootstrap|deps\/cjs)|\/engine\/preload\/(sdk-requires|kept-|early-)/],
  ["pipes, messages", /\/local\/engine\/rpc\/|\/node_modules\/google-protobuf\/|\/@pulumi\/pulumi\/proto\//],
  ["YAML, zod", /\/node_modules\/(yaml|zod)\//],
  ["SDK", /\/node_modules\/@pulumi\/|\/local\/engine\/preload\//],
  ["rest", /\/node_modules\//],
  ["engine", /\/local\/engine\//],
  ["ours", /^file:/],
];

/** Told by what each process alone runs. */
const ENTRIES: readonly (readonly [Role, RegExp])[] = [
  ["provider host", /\/dynamic-provider\/index\.js$/],
  ["program", /\/cmd\/run\/run\.js$/],
];

export const roleOf = ({ nodes }: CpuProfile): Role =>
  ENTRIES.find(([, file]) => nodes.some(({ callFrame }) => file.test(callFrame.url)))?.[0] ?? "engine";

/**
 * Returns the milliseconds of each part: a function's own time, and that of what Node does for it, counts for the part that its file belongs
 * to. The time in which a process has nothing to do is not counted.
 */
export function sharesOf({ nodes, samples, timeDeltas }: CpuProfile): ReadonlyMap<Part, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const parts = new Map<number, Part>();
  const partOf = (id: number): Part => {
    const known = parts.get(id);
    if (known !== undefined) return known;
    const parent = parents.get(id);
    const frame = byId.get(id)?.callFrame;
    const own = frame?.functionName === "(garbage collector)" ? "collection" : partOfFile(frame?.url ?? "");
    const part = own ?? (parent === undefined ? "rest" : partOf(parent));
    parts.set(id, part);
    return part;
  };
  const sums = new Map<Part, number>(PARTS.map((part) => [part, 0]));
  for (const [index, id] of samples.entries()) {
    if (byId.get(id)?.callFrame.functionName === "(idle)") continue;
    const part = partOf(id);
    sums.set(part, (sums.get(part) ?? 0) + (timeDeltas[index] ?? 0) / 1000);
  }
  return sums;
}

const partOfFile = (url: string): Part | undefined => FILES.find(([, file]) => file.test(url))?.[0];
