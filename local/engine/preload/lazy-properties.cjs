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

/**
 * @param {Transfer} transfer The SDK's.
 * @returns {Transfer}
 */
const lazily = (transfer) => (onto, label, properties) => {
  /** @type {Resolvers} */
  const resolvers = {};
  for (const [key, value] of Object.entries(properties)) {
    if (key === "id" || key === "urn") continue;
    // The SDK has a word to say about it.
    if (Object.hasOwn(onto, key)) transfer(onto, label, { [key]: value });
    /** @type {unknown[] | undefined} */
    let settled;
    /** @type {Resolvers[string] | undefined} */
    let settle;
    Object.defineProperty(onto, key, {
      configurable: true,
      enumerable: true,
      get: () => {
        Reflect.deleteProperty(onto, key);
        settle = transfer(onto, label, { [key]: value })[key];
        if (settled !== undefined) settle?.(...settled);
        return onto[key];
      },
      set: (other) => {
        Object.defineProperty(onto, key, {
          value: other,
          configurable: true,
          enumerable: true,
          writable: true,
        });
      },
    });
    resolvers[key] = (...args) => {
      settled = args;
      settle?.(...args);
    };
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
