import type { z } from "zod";
import { containsUnknowns, deepEquals, isObject } from "../../../local/engine/values.ts";
import type { PropertyMap, ResourceType, Value } from "./package.ts";

export interface Problem {
  readonly property: string;
  readonly reason: string;
}

/** What is wrong with inputs of which some may not be known yet. */
export function problemsOf(shape: z.ZodObject, inputs: PropertyMap): Problem[] {
  const { error } = shape.safeParse(inputs);
  return (error?.issues ?? []).flatMap((issue) => {
    const property = issue.path.map(String).join(".");
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => {
        const input = property ? `${property}.${key}` : key;
        return { property: input, reason: `${input} is not an input that this plugin of the tests knows` };
      });
    const unknown = containsUnknowns(valueAt(inputs, issue.path));
    return unknown ? [] : [{ property, reason: issue.message }];
  });
}

function valueAt(inputs: PropertyMap, path: readonly PropertyKey[]): Value {
  let value: Value = inputs;
  for (const key of path) {
    if (Array.isArray(value)) value = (value[Number(key)] as Value | undefined) ?? null;
    else value = isObject(value) ? (value[String(key)] ?? null) : null;
  }
  return value;
}

/** Fills in the name that the program leaves to the provider; one that was given before stays. */
export function withName<Client>(
  { autoName }: ResourceType<Client>,
  inputs: PropertyMap,
  { name, olds, seed }: { readonly name: string; readonly olds: PropertyMap; readonly seed: string },
): PropertyMap {
  if (!autoName || (inputs[autoName.input] ?? null) !== null) return inputs;
  const suffix = `-${seed}`;
  const room = (autoName.maxLength ?? 255) - suffix.length;
  return { ...inputs, [autoName.input]: olds[autoName.input] ?? `${name.slice(0, room)}${suffix}` };
}

export interface Difference {
  readonly changed: readonly string[];
  readonly replacing: readonly string[];
}

/** Which inputs changed, and which of them want another resource. What is not known yet counts as changed. */
export function differenceOf<Client>(
  type: ResourceType<Client>,
  olds: PropertyMap,
  news: PropertyMap,
  ignored: readonly string[],
): Difference {
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].toSorted();
  const changed = keys.filter((key) => {
    if (ignored.includes(key)) return false;
    const [old, now] = [olds[key] ?? null, news[key] ?? null];
    if (deepEquals(old, now)) return false;
    const same = type.same?.[key];
    return containsUnknowns(now) || !same?.(old, now);
  });
  return {
    changed,
    replacing: type.update ? changed.filter((key) => type.replaces?.includes(key)) : changed,
  };
}
