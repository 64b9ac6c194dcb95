import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LineCounter, isMap, parseDocument } from "yaml";
import { pairOf } from "../load/located.ts";

/**
 * Returns where a stack's file has a setting, as `Pulumi.preprod.yaml:34`, so that an author sees whom to ask for what; without
 * the line if the file cannot tell.
 */
export function settingPlace(projectRoot: string, stack: string, path?: readonly string[]): string {
  const file = `Pulumi.${stack.split("/").at(-1) ?? stack}.yaml`;
  const line = path && lineOf(join(projectRoot, file), ["config", ...path]);
  return line === undefined ? file : `${file}:${line}`;
}

function lineOf(file: string, path: readonly string[]): number | undefined {
  try {
    const lineCounter = new LineCounter();
    let node: unknown = parseDocument(readFileSync(file, "utf8"), { lineCounter }).contents;
    let offset: number | undefined;
    for (const step of path) {
      const pair = isMap(node) ? pairOf(node, step) : undefined;
      if (!pair) return undefined;
      offset = (pair.key as { readonly range?: readonly number[] }).range?.[0];
      node = pair.value;
    }
    return offset === undefined ? undefined : lineCounter.linePos(offset).line;
  } catch {
    return undefined;
  }
}
