import { EngineError, NotImplemented } from "../errors.ts";
import { isObject, isSecret, makeSecret, type PropertyMap, unwrapSecret, type Value } from "../values.ts";

type Path = readonly (string | number)[];

/** `a.b[0]["c d"]` as a list of keys and indices. @throws NotImplemented for wildcards, EngineError BAD_PROPERTY_PATH */
export function parsePropertyPath(path: string): Path {
  const keys: (string | number)[] = [];
  let rest = path;
  while (rest !== "") {
    const match = /^(?:\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|\.?([^.[]+))/u.exec(rest);
    if (match === null) throw new EngineError("BAD_PROPERTY_PATH", `"${path}" is not a property path.`);
    const [whole, quoted, index, name] = match;
    if (index === "*" || name === "*") throw new NotImplemented(`a wildcard in ignoreChanges ("${path}")`);
    keys.push(quoted?.replaceAll(/\\(.)/gu, "$1") ?? (index === undefined ? (name ?? "") : Number(index)));
    rest = rest.slice(whole.length);
  }
  return keys;
}

/** `inputs`, with the old value at each path. Paths that only one side has cannot be ignored; they are returned. */
export function applyIgnoreChanges(
  inputs: PropertyMap,
  oldInputs: PropertyMap,
  paths: readonly string[],
): { inputs: PropertyMap; invalid: readonly string[] } {
  let result: Value = inputs;
  const invalid: string[] = [];
  for (const path of paths) {
    const reset: Value | undefined = resetAt(result, oldInputs, parsePropertyPath(path));
    if (reset === undefined) invalid.push(path);
    else result = reset;
  }
  return { inputs: isObject(result) ? result : inputs, invalid };
}

/**
 * undefined = the path cannot be followed in both. `sealed`: the old value comes out of a secret that the current one is not in, so what
 * is taken from it must become secret again.
 */
function resetAt(current: Value, old: Value, path: Path, sealed = false): Value | undefined {
  // What lies inside a secret is reset inside the secret.
  if (isSecret(current)) {
    const inner = resetAt(unwrapSecret(current), unwrapSecret(old), path);
    return inner === undefined ? undefined : { ...current, value: inner };
  }
  if (isSecret(old)) return resetAt(current, unwrapSecret(old), path, true);
  const [key, ...rest] = path;
  const taken = (value: Value): Value => (sealed ? makeSecret(value) : value);
  if (typeof key === "number") {
    if (!Array.isArray(current) || !Array.isArray(old) || key >= current.length || key >= old.length)
      return undefined;
    const before = old[key] as Value;
    const child = rest.length === 0 ? taken(before) : resetAt(current[key] as Value, before, rest, sealed);
    return child === undefined
      ? undefined
      : current.map((item: Value, index) => (index === key ? child : item));
  }
  if (key === undefined || !isObject(current) || !isObject(old)) return undefined;
  const [before, after] = [old[key], current[key]];
  if (rest.length > 0) {
    if (before === undefined && after === undefined) return current;
    const child =
      before === undefined || after === undefined ? undefined : resetAt(after, before, rest, sealed);
    return child === undefined ? undefined : withProperty(current, key, child);
  }
  return withProperty(current, key, before === undefined ? undefined : taken(before));
}

/** A copy with this property, or without it. */
function withProperty(object: PropertyMap, key: string, value: Value | undefined): PropertyMap {
  const { [key]: _dropped, ...others } = object;
  return value === undefined ? others : { ...others, [key]: value };
}
