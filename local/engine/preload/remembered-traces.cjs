/**
 * The SDK notes a stack trace with every promise and every resource, and translates each by source maps, though nobody reads the one, and
 * the other ends in a program that needs no translation: a program with a thousand resources spends half its time on that, and every program
 * a tenth of a second on reading the SDK's maps. Here the promises get none, and the maps are read when a trace is to be shown; each
 * trace is then translated once.
 */
const { onSdkRequire } = require("./sdk-requires.cjs");

/** A program that recurses could have any number of different ones. */
const MOST = 10_000;
/** JavaScript may have been made of something else; Node itself keeps the positions of the TypeScript that it runs. */
const TRANSLATED = /\.[cm]?js$/u;
const SDK = /[\\/]node_modules[\\/]@pulumi[\\/]pulumi[\\/]/u;

/** @typedef {(error: Error, frames: NodeJS.CallSite[]) => string} Format */

onSdkRequire((request, _file, load) => {
  if (request !== "source-map-support/register") return undefined;
  const translate = remembering(() => {
    load();
    const format = /** @type {Format} */ (Reflect.get(Error, "prepareStackTrace"));
    Error.prepareStackTrace = formatted;
    return format;
  });
  /** @type {Format} */
  const formatted = (error, frames) => (isPosition(frames) ? asItIs : translate)(error, frames);
  Error.prepareStackTrace = formatted;
  return {};
});

// Nobody would see the colours, and Node never finished colouring a path such as the SDK's maps name, `…/node_modules/@pulumi/resource.ts`,
// before https://github.com/nodejs/node/pull/64022: a program that threw while it was loaded would hang.
onSdkRequire((request, file, load) => {
  if (request !== "util" || file !== "cmd/run/error.js") return undefined;
  const util = /** @type {typeof import("node:util")} */ (load());
  return { ...util, inspect: (/** @type {unknown} */ value) => util.inspect(value) };
});

/** @typedef {{ leakCandidates: Set<Promise<unknown>> }} Store */

// With each promise the SDK makes two more, four functions, and a trace and a description that are shown only of promises that were never
// settled, and only on demand. That is a third of a waiting program's memory. What it counts when the program ends stays.
if (!process.env["PULUMI_DEBUG_PROMISE_LEAKS"]) {
  /** @type {(() => Store) | undefined} */
  let getStore;
  onSdkRequire((request, file, load) => {
    if (request !== "./state" || file !== "runtime/debuggable.js") return undefined;
    const state = load();
    getStore = () => Reflect.get(state, "getStore")();
    return state;
  });
  onSdkRequire((request, _file, load) => {
    if (!request.endsWith("/debuggable")) return undefined;
    const loaded = load();
    const debuggable = Reflect.get(loaded, "debuggablePromise");
    const isOwn = typeof debuggable === "function" && !watches.has(debuggable);
    if (isOwn && getStore !== undefined)
      Reflect.set(loaded, "debuggablePromise", watching(debuggable, getStore));
    return loaded;
  });
}

/** @type {WeakSet<Function>} */
const watches = new WeakSet();

/**
 * @param {(promise: Promise<unknown>, context?: string) => Promise<unknown>} first The SDK's, which says at the end what was not settled.
 * @param {() => Store} getStore
 */
function watching(first, getStore) {
  let isFirst = true;
  /**
   * @param {Promise<unknown>} promise
   * @param {string} [context]
   */
  const watch = (promise, context) => {
    if (isFirst) {
      isFirst = false;
      return withoutTrace(() => first(promise, context));
    }
    const store = getStore();
    store.leakCandidates.add(promise);
    return promise.then(
      (value) => {
        store.leakCandidates.delete(promise);
        return value;
      },
      (/** @type {unknown} */ error) => {
        store.leakCandidates.delete(promise);
        if (error instanceof Object) Object.assign(error, { promise });
        throw error;
      },
    );
  };
  watches.add(watch);
  return watch;
}

/**
 * @template Result
 * @param {() => Result} work
 */
function withoutTrace(work) {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/**
 * Whether a trace only tells where a resource is declared, and has nothing to translate: what lies in the SDK is not looked at.
 * @param {NodeJS.CallSite[]} frames
 */
function isPosition([first, ...frames]) {
  if (first === undefined) return true;
  if (first.getFunctionName() !== "callsites" || !SDK.test(first.getFileName() ?? "")) return false;
  return frames.every((frame) => {
    const file = frame.getFileName() ?? "";
    return !TRANSLATED.test(file) || SDK.test(file) || file.startsWith("node:") || file.startsWith(__dirname);
  });
}

/** As V8 would. @type {Format} */
const asItIs = (error, frames) =>
  [String(error), ...frames.map((frame) => `    at ${textOf(frame)}`)].join("\n");

/** @param {{ toString(): string }} frame */
const textOf = (frame) => frame.toString();

/**
 * @param {() => Format} prepare
 * @returns {Format}
 */
function remembering(prepare) {
  /** @type {Map<string, string>} */
  const traces = new Map();
  /** @type {Format | undefined} */
  let translate;
  return (error, frames) => {
    const key = `${error.name}: ${error.message}\n${frames.map(textOf).join("\n")}`;
    const known = traces.get(key);
    if (known !== undefined) return known;
    if (traces.size === MOST) traces.clear();
    translate ??= prepare();
    const trace = translate(error, frames);
    traces.set(key, trace);
    return trace;
  };
}
