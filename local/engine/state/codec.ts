import type { Crypter } from "./crypto.ts";
import { EngineError, NotImplemented } from "../errors.ts";
import { isRecord } from "../json.ts";
import { FLOAT } from "../signatures.cjs";
import {
  ciphertextOf,
  containsUnknowns,
  isObject,
  isSecret,
  makeSecret,
  mapProperties,
  type PropertyMap,
  sealedSecret,
  signatureOf,
  UNKNOWN,
  type Value,
} from "../values.ts";
import { emptyState, type ResourceState, type StackFrame } from "./resource.ts";

const KNOWN_FIELDS = new Set<string>(Object.keys(emptyState("", "", false)));

/**
 * Turns resources into the JSON of the state file and back. Secrets are encrypted with the stack's key; a secret that came from the file
 * and did not change keeps its ciphertext. The text of a resource is kept until it is reported changed.
 */
export class StateCodec {
  readonly #crypter: Crypter;
  readonly #ciphertexts = new WeakMap<object, string>();
  readonly #texts = new WeakMap<ResourceState, Buffer>();

  constructor(crypter: Crypter) {
    this.#crypter = crypter;
  }

  changed(state: ResourceState): void {
    this.#texts.delete(state);
  }

  /** The resource as JSON text in UTF-8, secrets encrypted, empty fields left out. */
  encode(state: ResourceState): Buffer {
    const known = this.#texts.get(state);
    if (known !== undefined) return known;
    const json = JSON.stringify({
      urn: state.urn,
      custom: state.custom,
      delete: state.delete || undefined,
      id: state.id || undefined,
      type: state.type,
      inputs: nonEmpty(this.#sealAll(state.inputs, state.urn)),
      outputs: nonEmpty(this.#sealAll(state.outputs, state.urn)),
      parent: state.parent || undefined,
      protect: state.protect || undefined,
      dependencies: nonEmpty(state.dependencies),
      initErrors: nonEmpty(state.initErrors),
      provider: state.provider || undefined,
      propertyDependencies: nonEmpty(sorted(state.propertyDependencies)),
      pendingReplacement: state.pendingReplacement || undefined,
      additionalSecretOutputs: nonEmpty(state.additionalSecretOutputs),
      customTimeouts: nonEmpty(state.customTimeouts),
      retainOnDelete: state.retainOnDelete || undefined,
      deletedWith: state.deletedWith || undefined,
      created: state.created || undefined,
      modified: state.modified || undefined,
      sourcePosition: state.sourcePosition || undefined,
      stackTrace: nonEmpty(state.stackTrace),
      ignoreChanges: nonEmpty(state.ignoreChanges),
    });
    const text = Buffer.from(json);
    this.#texts.set(state, text);
    return text;
  }

  /** @throws EngineError BAD_STATE, NOT_IMPLEMENTED for a field this engine does not know */
  decode(raw: unknown): ResourceState {
    if (!isRecord(raw) || typeof raw["urn"] !== "string" || typeof raw["type"] !== "string") {
      throw new EngineError("BAD_STATE", "The state holds a resource without URN or type.");
    }
    const state = emptyState(raw["urn"], raw["type"], raw["custom"] === true);
    for (const [key, value] of Object.entries(raw)) {
      if (!KNOWN_FIELDS.has(key)) {
        throw new NotImplemented(`the field "${key}" of a resource in the state`, state.urn);
      }
      if (key === "inputs" || key === "outputs") state[key] = this.#openAll(known(asProperties(value)));
    }
    Object.assign(state, fieldsOf(raw));
    return state;
  }

  #sealAll(properties: PropertyMap, urn: string): PropertyMap {
    return mapProperties(sorted(properties), (value) => this.#seal(value, urn));
  }

  #seal(value: Value, urn: string): Value {
    if (value === UNKNOWN)
      throw new EngineError("UNKNOWN_IN_STATE", `${urn}: an unknown value must not be written to the state.`);
    if (Array.isArray(value)) return value.map((item: Value) => this.#seal(item, urn));
    if (!isObject(value)) return value;
    if (!isSecret(value)) return this.#sealAll(value, urn);
    const known = this.#ciphertexts.get(value);
    const ciphertext = known ?? this.#crypter.encrypt(JSON.stringify(sortDeep(value["value"] ?? null)));
    this.#ciphertexts.set(value, ciphertext);
    return sealedSecret(ciphertext);
  }

  #openAll(properties: PropertyMap): PropertyMap {
    return mapProperties(properties, (value) => this.#open(value));
  }

  #open(value: Value): Value {
    if (Array.isArray(value)) return value.map((item: Value) => this.#open(item));
    if (!isObject(value)) return value;
    if (signatureOf(value) === FLOAT) throw new NotImplemented("a NaN or infinite number in the state");
    const ciphertext = ciphertextOf(value);
    if (ciphertext === undefined) {
      if (isSecret(value)) throw new EngineError("BAD_STATE", "A secret in the state has no ciphertext.");
      return this.#openAll(value);
    }
    const plaintext: unknown = JSON.parse(this.#crypter.decrypt(ciphertext));
    const secret = makeSecret(plaintext as Value);
    if (isObject(secret)) this.#ciphertexts.set(secret, ciphertext);
    return secret;
  }
}

function fieldsOf(raw: Record<string, unknown>): Partial<ResourceState> {
  return {
    delete: raw["delete"] === true,
    id: text(raw["id"]),
    parent: text(raw["parent"]),
    protect: raw["protect"] === true,
    dependencies: texts(raw["dependencies"]),
    initErrors: texts(raw["initErrors"]),
    provider: text(raw["provider"]),
    propertyDependencies: isRecord(raw["propertyDependencies"])
      ? Object.fromEntries(
          Object.entries(raw["propertyDependencies"]).map(([key, urns]) => [key, texts(urns)]),
        )
      : {},
    pendingReplacement: raw["pendingReplacement"] === true,
    additionalSecretOutputs: texts(raw["additionalSecretOutputs"]),
    customTimeouts: raw["customTimeouts"] ?? {},
    retainOnDelete: raw["retainOnDelete"] === true,
    deletedWith: text(raw["deletedWith"]),
    created: text(raw["created"]),
    modified: text(raw["modified"]),
    sourcePosition: text(raw["sourcePosition"]),
    stackTrace: (Array.isArray(raw["stackTrace"]) ? raw["stackTrace"] : []) as StackFrame[],
    ignoreChanges: texts(raw["ignoreChanges"]),
  };
}

/** The CLI leaves unknown values where a run with --target left something out. They say no more than nothing, and the next run fills the gap. */
const known = (properties: PropertyMap): PropertyMap =>
  Object.fromEntries(Object.entries(properties).filter(([, value]) => !containsUnknowns(value)));

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const asProperties = (value: unknown): PropertyMap => (isRecord(value) ? (value as PropertyMap) : {});

function nonEmpty<T extends object>(value: T): T | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}

function sorted<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  const result: Record<string, T> = {};
  for (const key of Object.keys(map).toSorted()) result[key] = map[key] as T;
  return result;
}

function sortDeep(value: Value): Value {
  if (Array.isArray(value)) return value.map(sortDeep);
  return isObject(value) ? mapProperties(sorted(value), sortDeep) : value;
}
