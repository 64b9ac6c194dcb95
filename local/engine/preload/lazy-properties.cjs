/**
 * The SDK makes an Output of every property of every resource, each with four promises that it watches, though a program reads few of them;
 * and it takes a property that is a plain value apart as if a promise might be in it, waiting at each step. With a thousand resources that is
 * most of what a program does, and of its memory. Here the Output is made when it is first read, and a plain value is sent as it is.
 */
const { onSdkRequire } = require("./sdk-requires.cjs");

/**
 * @typedef {Record<string, unknown>} Properties
 * @typedef {Record<string, (...settled: unknown[]) => void>} Resolvers
 * @typedef {(onto: Properties, label: string, properties: Properties) => Resolvers} Transfer
 * @typedef {[result: Properties, dependencies: Map<string, Set<unknown>>]} Serialized
 * @typedef {(label: string, properties: Properties, options: unknown) => Promise<Serialized>} Serialize
 */

/** Where a resource, and what the SDK resolves it by, have their unread properties. */
const UNREAD = Symbol("unread properties");

/** Which properties the SDK makes Outputs of; these two it makes by itself. @param {Properties} properties */
const transferred = (properties) => Object.keys(properties).filter((key) => key !== "id" && key !== "urn");

/** The properties of one resource of which no Output was made yet. */
class Unread {
  // Maps, since a property may be called as what every object has: `constructor`.
  /** @type {Map<string, Resolvers[string]>} */
  #resolvers = new Map();
  /** @type {Map<string, unknown[]>} */
  #settled = new Map();
  /** How many properties the resource had before. */
  #before;
  #transfer;
  #onto;
  #label;
  #properties;

  /**
   * @param {Transfer} transfer The SDK's.
   * @param {Parameters<Transfer>} parameters
   */
  constructor(transfer, ...[onto, label, properties]) {
    this.#before = Reflect.ownKeys(onto).length;
    this.#transfer = transfer;
    this.#onto = onto;
    this.#label = label;
    this.#properties = properties;
  }

  /** @param {string} key */
  read(key) {
    Reflect.deleteProperty(this.#onto, key);
    const { [key]: resolve } = this.#transfer(this.#onto, this.#label, { [key]: this.#properties[key] });
    if (resolve !== undefined) this.#resolvers.set(key, resolve);
    const settled = this.#settled.get(key);
    if (settled !== undefined) resolve?.(...settled);
    return this.#onto[key];
  }

  /** Leaves nothing unread, and the resource as the SDK would have made it, each property at its place. */
  readAll() {
    const [onto, keys] = [this.#onto, transferred(this.#properties)];
    for (const key of keys) {
      if (Object.getOwnPropertyDescriptor(onto, key)?.get !== undefined) this.read(key);
    }
    Reflect.deleteProperty(onto, UNREAD);
    const others = Reflect.ownKeys(onto).filter((key) => !keys.includes(String(key)));
    for (const key of [...keys, ...others.slice(this.#before)]) {
      const property = Object.getOwnPropertyDescriptor(onto, key);
      Reflect.deleteProperty(onto, key);
      if (property !== undefined) Reflect.defineProperty(onto, key, property);
    }
  }

  /**
   * @param {string} key
   * @param {unknown[]} settled
   */
  settle(key, settled) {
    const resolve = this.#resolvers.get(key);
    if (resolve === undefined) this.#settled.set(key, settled);
    else resolve(...settled);
  }
}

/** @typedef {{ [UNREAD]: Unread }} HasUnread */

/** How a property is read and resolved; the same for all resources, since a thousand have a dozen each. @param {string} key */
const accessorsOf = (key) => ({
  property: {
    configurable: true,
    enumerable: true,
    /** @this {HasUnread} */
    get() {
      return this[UNREAD].read(key);
    },
    /** @this {object} @param {unknown} value */
    set(value) {
      Object.defineProperty(this, key, { value, configurable: true, enumerable: true, writable: true });
    },
  },
  resolver: {
    configurable: true,
    enumerable: true,
    /** @this {HasUnread} */
    get() {
      const unread = this[UNREAD];
      return (/** @type {unknown[]} */ ...settled) => unread.settle(key, settled);
    },
  },
});

/** @type {Map<string, ReturnType<typeof accessorsOf>>} */
const accessors = new Map();

/**
 * @param {Transfer} transfer The SDK's.
 * @returns {Transfer}
 */
const lazily = (transfer) => (onto, label, properties) => {
  const keys = transferred(properties);
  // The SDK has a word to say about a property that is there already.
  if (UNREAD in onto || keys.some((key) => Object.hasOwn(onto, key)))
    return transfer(onto, label, properties);
  const unread = { configurable: true, value: new Unread(transfer, onto, label, properties) };
  /** @type {Resolvers} */
  const resolvers = Object.defineProperty({}, UNREAD, unread);
  Object.defineProperty(onto, UNREAD, unread);
  for (const key of keys) {
    let shared = accessors.get(key);
    if (shared === undefined) accessors.set(key, (shared = accessorsOf(key)));
    Object.defineProperty(onto, key, shared.property);
    Object.defineProperty(resolvers, key, shared.resolver);
  }
  return resolvers;
};

/** Of a value in which there may be more than JSON has. */
const NOT_PLAIN = Symbol("not plain");

/**
 * What the SDK would make of a plain value: functions and undefined count as nothing.
 * @param {unknown} value
 * @returns {unknown} The value, a copy without what counts as nothing, or NOT_PLAIN.
 */
function plain(value) {
  if (typeof value === "function") return undefined;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => plain(item) ?? null);
    return items.includes(NOT_PLAIN) ? NOT_PLAIN : items;
  }
  // Outputs, promises, resources, assets and what is unknown are of a class of their own; a Proxy says what it wraps.
  if (Object.getPrototypeOf(value) !== Object.prototype) return NOT_PLAIN;
  /** @type {Properties} */
  const copy = {};
  for (const [key, child] of Object.entries(value)) {
    // What another copy of the SDK made is told by such a mark.
    if (key.startsWith("__pulumi")) return NOT_PLAIN;
    const kept = plain(child);
    if (kept === NOT_PLAIN) return NOT_PLAIN;
    if (kept !== undefined) copy[key] = kept;
  }
  return copy;
}

/**
 * @param {Serialize} serialize The SDK's.
 * @returns {Serialize}
 */
const plainly = (serialize) => async (label, properties, options) => {
  const values = Object.entries(properties).map(([key, value]) => /** @type {const} */ ([key, plain(value)]));
  const others = values.filter(([, value]) => value === NOT_PLAIN).map(([key]) => [key, properties[key]]);
  const [serialized, dependencies] = await serialize(label, Object.fromEntries(others), options);
  /** @type {Serialized} */
  const [result, of] = [{}, new Map()];
  for (const [key, value] of values) {
    if (key === "id" || key === "urn") continue;
    const kept = value === NOT_PLAIN ? serialized[key] : value;
    if (kept === undefined) continue;
    result[key] = kept;
    of.set(key, dependencies.get(key) ?? new Set());
  }
  return [result, of];
};

/** @typedef {(func: Function, serialize: (value: unknown) => boolean, logResource: unknown) => unknown} CreateClosure */

/**
 * The SDK writes what a function holds with all its accessors, and asks first whether it may.
 * @param {CreateClosure} create The SDK's.
 * @returns {CreateClosure}
 */
const withAllRead = (create) => (func, serialize, logResource) => {
  /** @param {unknown} value */
  const readAndAsk = (value) => {
    if (typeof value === "object" && value !== null && Object.hasOwn(value, UNREAD))
      /** @type {HasUnread} */ (value)[UNREAD].readAll();
    return serialize(value);
  };
  return create(func, readAndAsk, logResource);
};

onSdkRequire((request, file, load) => {
  if (file !== "runtime/closure/serializeClosure.js" || request !== "./createClosure") return undefined;
  const closure = load();
  const createClosureInfoAsync = withAllRead(Reflect.get(closure, "createClosureInfoAsync"));
  return new Proxy(closure, {
    get: (own, name) => (name === "createClosureInfoAsync" ? createClosureInfoAsync : Reflect.get(own, name)),
  });
});

onSdkRequire((request, file, load) => {
  if (file !== "runtime/resource.js" || request !== "./rpc") return undefined;
  const rpc = load();
  const replaced = {
    transferProperties: lazily(Reflect.get(rpc, "transferProperties")),
    serializeResourceProperties: plainly(Reflect.get(rpc, "serializeResourceProperties")),
  };
  return new Proxy(rpc, {
    get: (own, name) => Reflect.get(Object.hasOwn(replaced, name) ? replaced : own, name),
  });
});
