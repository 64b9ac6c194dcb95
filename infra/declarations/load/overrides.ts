import { Pair, type YAMLMap, isMap, isScalar } from "yaml";
import { type Complain, type Located, keyOf, mapOf, pairOf, toPlain, without } from "./located.ts";
import { NEEDED_KEYS, declarationSchema } from "../schema/schema.ts";
import { didYouMean } from "../schema/suggest.ts";

/** A declaration as it is in one stack, without `only` and `overrides`. */
export interface Variant {
  readonly stack: string;
  readonly located: Located;
}

/** Keys that identify the agent and its stacks: an override that changed them would move or rename it. */
const FIXED_KEYS = ["id", "only", "overrides"];

/**
 * Returns the declaration as it is in `stack`, if it belongs there, and in every other stack that it names, so mistakes in an
 * override are found before that stack is deployed. Overrides follow JSON Merge Patch (RFC 7396): maps are merged, anything
 * else is replaced, null removes.
 */
export function variantsOf(parsed: Located, stack: string, complain: Complain): Variant[] {
  const only = readOnly(parsed.root);
  const overrides = pairOf(parsed.root, "overrides")?.value;
  const patches = isMap(overrides) ? overrides.items.map((pair) => [keyOf(pair), pair.value] as const) : [];
  for (const [name, patch] of patches) {
    if (!isMap(patch)) continue;
    checkPatch(name, patch, complain);
    if (only && !only.includes(name)) {
      complain(
        ["overrides", name],
        `${name} is not in "only", so this never applies`,
        didYouMean(name, only),
        "key",
      );
    }
  }

  const base = without(parsed.root, ["only", "overrides"]);
  const stacks = new Set([stack, ...(only ?? []), ...patches.map(([name]) => name)]);
  return [...stacks]
    .filter((name) => !only || only.includes(name))
    .map((name) => {
      const patch = patches.find(([patched]) => patched === name)?.[1];
      const root = isMap(patch)
        ? merge(base, without(patch, [...FIXED_KEYS, ...removedInVain(patch)]))
        : base;
      return { stack: name, located: { ...parsed, root } };
    });
}

function readOnly(root: YAMLMap): string[] | undefined {
  return declarationSchema.shape.only.safeParse(toPlain(pairOf(root, "only")?.value)).data;
}

function checkPatch(name: string, patch: YAMLMap, complain: Complain): void {
  for (const key of removedInVain(patch)) {
    complain(
      ["overrides", name, key],
      `null removes "${key}", which every agent needs`,
      "give it a value, or remove it from the override",
      "key",
    );
  }
  for (const key of FIXED_KEYS.filter((key) => pairOf(patch, key))) {
    complain(
      ["overrides", name, key],
      `an override cannot change "${key}"`,
      key === "overrides"
        ? "overrides cannot be nested"
        : "it identifies the agent and its stacks: write it at the top level",
      "key",
    );
  }
}

/** Returns the keys that an override removes although every agent needs them. */
const removedInVain = (patch: YAMLMap): string[] =>
  patch.items
    .filter(({ value }) => isScalar(value) && value.value === null)
    .map(keyOf)
    .filter((key) => NEEDED_KEYS.includes(key));

function merge(base: YAMLMap, patch: YAMLMap): YAMLMap {
  const kept = base.items.filter((pair) => !pairOf(patch, keyOf(pair)));
  const changed = patch.items.flatMap((pair) => {
    if (isScalar(pair.value) && pair.value.value === null) return [];
    if (!isMap(pair.value)) return [pair];
    const before = pairOf(base, keyOf(pair));
    const beforeMap = isMap(before?.value) ? before.value : mapOf(pair.value, []);
    return [new Pair(before && isMap(before.value) ? before.key : pair.key, merge(beforeMap, pair.value))];
  });
  return mapOf(base, [...kept, ...changed]);
}
