import { type Document, type Node, isAlias, isMap, isSeq } from "yaml";

/** Maximum number of values in a file after replacing aliases: far above any real agent, far below a YAML bomb. */
const MAX_NODES = 20_000;
const MAX_DEPTH = 40;

export interface RefusedAlias {
  readonly offset: number;
  readonly message: string;
  readonly remedy: string;
}

/** Replaces every alias in a document by its value; returns the first that cannot be replaced. */
export function replaceAliases(document: Document): RefusedAlias | undefined {
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
      const meant = node.resolve(document);
      if (meant) return replaced(meant, depth, node);
      return refuse(node, `*${node.source} is not defined`, 'put text that begins with * into "…"');
    }
    if (isMap(node)) {
      for (const pair of node.items) pair.value = replaced(pair.value as Node | null, depth + 1, alias);
    } else if (isSeq(node)) {
      node.items = node.items.map((item) => replaced(item as Node | null, depth + 1, alias));
    }
    return node;
  };
  replaced(document.contents, 0);
  return refused;
}
