import { type LineCounter, type Node, type Pair, YAMLMap, isMap, isPair, isScalar, isSeq } from "yaml";
import { type Complaint, complaintAt } from "./complaint.ts";

/** Path to a value: keys of maps and indices of lists, from the top. */
export type Path = readonly (string | number)[];

/** The key or the value at a path. */
export type Part = "key" | "value";

/** Records a complaint about the value at `path` or, if it is missing, about the map that should contain it. */
export type Complain = (path: Path, message: string, remedy?: string, part?: Part) => void;

/** A YAML map that knows the positions of its values in the text. Aliases have been replaced by their values. */
export interface Located {
  readonly file: string;
  readonly lines: LineCounter;
  readonly root: YAMLMap;
  /** The map as it is in the file, where `root` is made of its parts. */
  readonly source?: YAMLMap;
  /** Returns a path as it is in the file, where the map has another form (crew-forms.ts). */
  readonly asWritten?: (path: Path) => Path;
}

/** Returns a `complain` for `located` that adds to `complaints`. */
export function complainTo(complaints: Complaint[], located: Located): Complain {
  return (path, message, remedy, part = "value") => {
    const { line, col } = located.lines.linePos(offsetOf(located.root, path, part));
    complaints.push(complaintAt({ file: located.file, line, column: col }, message, remedy));
  };
}

/**
 * Returns the offset of the value at a path. If it is missing, returns the offset of its nearest existing ancestor, of the key
 * rather than the value, because that is where authors look for what a map lacks.
 */
function offsetOf(root: YAMLMap, path: Path, part: Part): number {
  let node: unknown = root;
  let found: Pair | Node = root;
  for (const [depth, step] of path.entries()) {
    const next = child(node, step);
    if (!next) return startOf(isPair(found) ? found.key : found);
    found = next;
    node = isPair(next) ? next.value : next;
    if (depth === path.length - 1 && part === "value" && isPair(next)) found = (node as Node | null) ?? next;
  }
  return startOf(isPair(found) ? found.key : found);
}

function child(node: unknown, step: string | number): Pair | Node | undefined {
  if (isMap(node)) return pairOf(node, String(step));
  if (isSeq(node)) return node.items[Number(step)] as Node | undefined;
  return undefined;
}

export function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => keyOf(pair) === key);
}

export const keyOf = (pair: Pair): string => String(isScalar(pair.key) ? pair.key.value : pair.key);

const startOf = (node: unknown): number => (node as Node | undefined)?.range?.[0] ?? 0;

/** Returns the plain value of a node. */
export function toPlain(node: unknown): unknown {
  if (isMap(node)) return Object.fromEntries(node.items.map((pair) => [keyOf(pair), toPlain(pair.value)]));
  if (isSeq(node)) return node.items.map(toPlain);
  return isScalar(node) ? node.value : null;
}

/** Returns a copy of a map without some of its keys; values keep their positions. */
export function without(map: YAMLMap, keys: readonly string[]): YAMLMap {
  return mapOf(
    map,
    map.items.filter((pair) => !keys.includes(keyOf(pair))),
  );
}

/** Returns a map with these pairs, at the position of `place`. */
export function mapOf(place: YAMLMap, pairs: readonly Pair[]): YAMLMap {
  const map = new YAMLMap();
  map.items = [...pairs];
  if (place.range) map.range = place.range;
  return map;
}

/** Returns a path of a declaration as its author knows it. */
export const showPathIn = ({ asWritten }: Located, path: Path): string => showPath(asWritten?.(path) ?? path);

/** Returns a path as authors know it. @example `crew.tasks[0].agent` */
export function showPath(path: Path): string {
  return path.reduce<string>(
    (text, step) => (typeof step === "number" ? `${text}[${step}]` : text ? `${text}.${step}` : step),
    "",
  );
}

/** Returns the keys that the file has beside a key: a map may be made of several, by overrides and merge keys. */
export function keysBeside({ root, source = root }: Located, path: Path): string[] {
  let map: unknown = root;
  for (const step of path.slice(0, -1)) {
    const next = child(map, step);
    map = isPair(next) ? next.value : next;
  }
  const key = isMap(map) ? pairOf(map, String(path.at(-1)))?.key : undefined;
  return mapWith(key, source)?.items.map(keyOf) ?? [];
}

function mapWith(key: unknown, node: unknown): YAMLMap | undefined {
  if (isMap(node) && node.items.some((pair) => pair.key === key)) return node;
  const inner = isMap(node) ? node.items.map(({ value }) => value) : isSeq(node) ? node.items : [];
  for (const child of inner) {
    const found = mapWith(key, child);
    if (found) return found;
  }
  return undefined;
}

/** Returns the YAML text of a scalar, as its author wrote it. */
export function writtenAt(located: Located, path: Path): string | undefined {
  let node: unknown = located.root;
  for (const step of path) {
    const next = child(node, step);
    node = isPair(next) ? next.value : next;
  }
  return isScalar(node) ? node.source : undefined;
}
