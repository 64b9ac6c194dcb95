import { EngineError } from "./errors.ts";
import { FLOAT, SIGNATURE } from "./signatures.cjs";
import { parseUrn } from "./urn.ts";

/**
 * Property values in the form they have on the wire: plain JSON, in which objects with a signature stand for secrets, outputs, resource
 * references and assets, and one string stands for "not known yet". The engine keeps this form from end to end.
 */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };
export type PropertyMap = Readonly<Record<string, Value>>;

const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

/** The property in which a dynamic resource keeps the code of its provider. */
export const PROVIDER_CODE = "__provider";

/** Stands for a value that is not known yet; providers receive it in previews as an ordinary string. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A provider may say of which type the value is that it does not know yet; that makes no difference. */
const OTHER_UNKNOWNS: ReadonlySet<string> = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // a boolean
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // a number
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // an array
  "030794c1-ac77-496b-92df-f27374a8bd58", // an asset
  "e48ece36-62e2-4504-bad9-02848725956a", // an archive
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // an object
]);

interface ObjectValue {
  readonly [key: string]: Value;
}

export function isObject(value: Value | undefined): value is ObjectValue {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isArray = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);

export function signatureOf(value: Value | undefined): string | undefined {
  const signature = isObject(value) ? value[SIGNATURE] : undefined;
  return typeof signature === "string" ? signature : undefined;
}

export function isSecret(value: Value | undefined): value is ObjectValue {
  return signatureOf(value) === SECRET;
}

/** The value inside a secret; any other value itself. */
export function unwrapSecret(value: Value): Value {
  return isSecret(value) ? unwrapSecret(value["value"] ?? null) : value;
}

export function makeSecret(value: Value): Value {
  return isSecret(value) ? value : { [SIGNATURE]: SECRET, value };
}

/** The form of a secret in the state file. */
export function sealedSecret(ciphertext: string): Record<string, string> {
  return { [SIGNATURE]: SECRET, ciphertext };
}

export function ciphertextOf(value: Value): string | undefined {
  const ciphertext = isSecret(value) ? value["ciphertext"] : undefined;
  return typeof ciphertext === "string" ? ciphertext : undefined;
}

function mapValues(value: Value, map: (child: Value) => Value): Value {
  if (isArray(value)) return value.map(map);
  if (isObject(value)) return mapProperties(value, map);
  return value;
}

export function mapProperties(properties: PropertyMap, map: (child: Value) => Value): PropertyMap {
  const result: Record<string, Value> = {};
  for (const [key, child] of Object.entries(properties)) result[key] = map(child);
  return result;
}

function someValue(value: Value, test: (child: Value) => boolean): boolean {
  if (test(value)) return true;
  if (isArray(value)) return value.some((child) => someValue(child, test));
  return isObject(value) && Object.values(value).some((child) => someValue(child, test));
}

export const containsSecrets = (value: Value): boolean => someValue(value, isSecret);
export const containsUnknowns = (value: Value): boolean => someValue(value, (child) => child === UNKNOWN);

type Refusal = readonly [what: string, remedy: string];
const ASSETS: Refusal = ["assets and archives", "Pass a path or the text as a string instead."];
const FLOATS: Refusal = ["NaN and infinite numbers", "Pass them as strings."];
/** What this engine does not do, by the marks of such values: of assets the state would need hashes, and JSON has no such numbers. */
const UNSUPPORTED: ReadonlyMap<string | undefined, Refusal> = new Map([
  [ASSET, ASSETS],
  [ARCHIVE, ASSETS],
  [FLOAT, FLOATS],
]);

/** Refuses what came in over the wire and this engine does not do. @throws EngineError NOT_IMPLEMENTED */
export function rejectUnsupported(properties: PropertyMap, subject: string): void {
  const refuse = (child: Value): boolean => {
    const [what, remedy] = UNSUPPORTED.get(signatureOf(child)) ?? [];
    if (what === undefined) return false;
    throw new EngineError(
      "NOT_IMPLEMENTED",
      `${subject}: ${what} are not implemented by the embedded engine.`,
      remedy,
    );
  };
  someValue(properties, refuse);
}

/**
 * The one form in which the engine keeps what comes in over the wire. Output values become plain, secret or unknown values, and the
 * resources that they depend on are told to `dependency`; there is one sort of unknown; a reference holds URN, id and version.
 */
export function normalized(value: Value, dependency: (urn: string) => void = () => undefined): Value {
  if (typeof value === "string") return OTHER_UNKNOWNS.has(value) ? UNKNOWN : value;
  if (isReference(value)) return reference(value);
  if (signatureOf(value) !== OUTPUT || !isObject(value)) {
    return mapValues(value, (child) => normalized(child, dependency));
  }
  const dependencies = value["dependencies"];
  if (isArray(dependencies)) {
    for (const urn of dependencies) if (typeof urn === "string") dependency(urn);
  }
  const element = "value" in value ? normalized(value["value"] ?? null, dependency) : UNKNOWN;
  return value["secret"] === true ? makeSecret(element) : element;
}

const isReference = (value: Value): value is ObjectValue => signatureOf(value) === RESOURCE;

/** As the state file has it. */
function reference({ urn = "", id, packageVersion = "" }: ObjectValue): Value {
  return { [SIGNATURE]: RESOURCE, ...(id === undefined ? {} : { id }), packageVersion, urn };
}

/** A provider gets name and type too, and an empty id for one that is not known yet. */
function sentReference({ packageVersion, id, urn = "", ...rest }: ObjectValue): Value {
  const { name, type } = parseUrn(typeof urn === "string" ? urn : "");
  return {
    ...rest,
    ...(packageVersion === "" || packageVersion === undefined ? {} : { packageVersion }),
    ...(id === undefined ? {} : { id: id === UNKNOWN ? "" : id }),
    urn,
    name,
    type,
  };
}

/**
 * What a provider sees. One that does not accept secrets gets the bare values; one that does not accept references to resources gets
 * their ids, and of components the URNs.
 */
export function forProvider(
  value: Value,
  accepts: { readonly secrets: boolean; readonly resources: boolean },
): Value {
  if (isReference(value))
    return accepts.resources ? sentReference(value) : (value["id"] ?? value["urn"] ?? null);
  if (isSecret(value)) {
    const inner = forProvider(value["value"] ?? null, accepts);
    return accepts.secrets ? makeSecret(inner) : inner;
  }
  return mapValues(value, (child) => forProvider(child, accepts));
}

export const unwrapSecrets = (value: Value): Value =>
  isSecret(value) ? unwrapSecrets(value["value"] ?? null) : mapValues(value, unwrapSecrets);

/** For people and logs: every secret reads `[secret]`, every unknown `[unknown]`. */
export function masked(value: Value): Value {
  if (isSecret(value)) return "[secret]";
  return value === UNKNOWN ? "[unknown]" : mapValues(value, masked);
}

/**
 * Marks outputs as secret whose input of the same name is or holds a secret: objects are walked key by key, anything else (an array too)
 * becomes secret as a whole.
 */
export function annotateSecrets(outputs: PropertyMap, inputs: PropertyMap): PropertyMap {
  const result: Record<string, Value> = { ...outputs };
  for (const [key, input] of Object.entries(inputs)) {
    const output = result[key];
    if (output === undefined || isSecret(output)) continue;
    if (isObject(output) && isObject(input) && !isSecret(input)) {
      result[key] = annotateSecrets(output, input);
    } else if (containsSecrets(input)) {
      result[key] = makeSecret(output);
    }
  }
  return result;
}

/** Equality as the engine means it: a property that is null equals one that is absent; a secret never equals a plain value. */
export function deepEquals(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true;
  const [left, right] = [a ?? null, b ?? null];
  if (left === null || right === null) return left === right;
  if (isArray(left) || isArray(right)) {
    if (!isArray(left) || !isArray(right) || left.length !== right.length) return false;
    return left.every((child, index) => deepEquals(child, right[index]));
  }
  if (!isObject(left) || !isObject(right)) return left === right;
  for (const [key, child] of Object.entries(left)) if (!deepEquals(child, right[key])) return false;
  return Object.entries(right).every(([key, child]) => key in left || child === null);
}

/** `current`, with the very objects of `previous` wherever a property did not change: an unchanged secret then keeps its ciphertext. */
export function reuseUnchanged(previous: PropertyMap, current: PropertyMap): PropertyMap {
  const result: Record<string, Value> = {};
  for (const [key, value] of Object.entries(current)) {
    const before = previous[key];
    result[key] = before !== undefined && deepEquals(before, value) ? before : value;
  }
  return result;
}

export interface PropertyChange {
  readonly property: string;
  readonly kind: "add" | "delete" | "update";
  /** Masked. Absent where there is none. */
  readonly old?: Value;
  readonly new?: Value;
}

/** A property that Pulumi keeps for itself, such as the code of a dynamic provider: it is never shown. */
export const isInternalProperty = (property: string): boolean => property.startsWith("__");

/** The top-level properties that differ, sorted by name; internal ones are left out. */
export function changesBetween(old: PropertyMap, current: PropertyMap): PropertyChange[] {
  const changes: PropertyChange[] = [];
  for (const property of [...new Set([...Object.keys(old), ...Object.keys(current)])].toSorted()) {
    const [before, after] = [old[property] ?? null, current[property] ?? null];
    if (isInternalProperty(property) || deepEquals(unwrapSecrets(before), unwrapSecrets(after))) continue;
    if (before === null) changes.push({ property, kind: "add", new: masked(after) });
    else if (after === null) changes.push({ property, kind: "delete", old: masked(before) });
    else changes.push({ property, kind: "update", old: masked(before), new: masked(after) });
  }
  return changes;
}
