import {
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  visit,
} from "yaml";
import { keyOf } from "./located.ts";

/** Maximum number of values in a file after replacing aliases: far above any real agent, far below a YAML bomb. */
const MAX_NODES = 20_000;
const MAX_DEPTH = 40;

export interface RefusedAlias {
  readonly offset: number;
  readonly message: string;
  readonly remedy: string;
}

/**
 * Replaces every alias in a document by its value, and every merge key (`<<: *name`) by the keys that it brings. Values keep
 * the positions of what their authors wrote. Returns the first that cannot be replaced.
 */
export function replaceAliases(document: Document): RefusedAlias | undefined {
  const meanings = meaningsIn(document);
  let nodes = 0;
  let refused: RefusedAlias | undefined;
  const refuse = (node: Node, message: string, remedy: string) => {
    refused ??= { offset: node.range?.[0] ?? 0, message, remedy };
    return node;
  };
  const replaced = (node: Node | null, depth: number, alias?: Node): Node | null => {
    if (!node || refused) return node;
    nodes += 1;
    if (nodes > MAX_NODES || depth > MAX_DEPTH) {
      return refuse(
        alias ?? node,
        "makes this file far larger than a declaration should be",
        "shorten it, or avoid aliases",
      );
    }
    if (isAlias(node)) {
      const meant = meanings.get(node);
      if (meant) return replaced(meant, depth, node);
      return refuse(
        node,
        `*${node.source} is not defined`,
        `mark its value further up with &${node.source}, or put text that begins with * into "…"`,
      );
    }
    if (isMap(node)) {
      for (const pair of node.items) pair.value = replaced(pair.value as Node | null, depth + 1, alias);
      if (node.items.some(isMerge)) node.items = merged(node, refuse);
    } else if (isSeq(node)) {
      node.items = node.items.map((item) => replaced(item as Node | null, depth + 1, alias));
    }
    return node;
  };
  replaced(document.contents, 0);
  return refused;
}

/** Returns what each alias stands for: the last value before it that has this anchor. */
function meaningsIn(document: Document): ReadonlyMap<Node, Node> {
  const anchored = new Map<string, Node>();
  const meanings = new Map<Node, Node>();
  visit(document, {
    Node: (_, node) => {
      const meant = isAlias(node) ? anchored.get(node.source) : undefined;
      if (meant) meanings.set(node, meant);
      if (!isAlias(node) && node.anchor) anchored.set(node.anchor, node);
    },
  });
  return meanings;
}

const isMerge = ({ key }: Pair): boolean => isScalar(key) && key.source === "<<" && key.type === "PLAIN";

/** Returns the pairs of a map with those that its merge keys bring: its own go first, then those of the map that is named first. */
function merged(map: YAMLMap, refuse: (node: Node, message: string, remedy: string) => void): Pair[] {
  const taken = new Set(map.items.filter((pair) => !isMerge(pair)).map(keyOf));
  return map.items.flatMap((pair) => {
    if (!isMerge(pair)) return [pair];
    const sources: unknown[] = isSeq(pair.value) ? pair.value.items : [pair.value];
    return sources.flatMap((source) => {
      if (!isMap(source)) {
        refuse(
          pair.key as Node,
          "<< merges maps, and this is none",
          "write <<: *name, where &name marks a map",
        );
        return [];
      }
      const brought = source.items.filter((inherited) => !taken.has(keyOf(inherited)));
      for (const inherited of brought) taken.add(keyOf(inherited));
      return brought;
    });
  });
}
