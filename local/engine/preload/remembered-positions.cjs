/**
 * The SDK tells with each resource where it was declared: it takes a stack trace, writes it as text, and reads the text by a pattern. A
 * thousand resources of a loop are declared at one place. Here a place is told from another by where in its files it is, which V8 knows
 * without writing it, and the SDK is asked once about each.
 */
const { onSdkRequire } = require("./sdk-requires.cjs");

/** A program that recurses could have any number of different ones. */
const MOST = 10_000;

/** @typedef {(skip: number) => unknown[]} StackTrace */

/** @type {WeakSet<object>} */
const remembering = new WeakSet();

onSdkRequire((request, _file, load) => {
  if (!request.endsWith("/resource")) return undefined;
  const loaded = load();
  const resource = Reflect.get(loaded, "Resource");
  if (typeof resource?.stackTrace === "function" && !remembering.has(resource)) {
    remembering.add(resource);
    resource.stackTrace = remembered(resource.stackTrace);
  }
  return loaded;
});

/**
 * @param {StackTrace} stackTrace The SDK's.
 * @returns {StackTrace}
 */
function remembered(stackTrace) {
  /** @type {Map<string, unknown[]>} */
  const known = new Map();
  return function remember(skip) {
    const key = `${skip} ${placesAbove(remember)}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    if (known.size === MOST) known.clear();
    // One more has been called by now: this one.
    const trace = stackTrace(skip + 1);
    known.set(key, trace);
    return trace;
  };
}

/**
 * Where those that have called a function are, each in its file.
 * @param {Function} called
 */
function placesAbove(called) {
  const format = Reflect.get(Error, "prepareStackTrace");
  const limit = Error.stackTraceLimit;
  /** @type {{ stack?: string }} */
  const error = {};
  try {
    Error.stackTraceLimit = Number.POSITIVE_INFINITY;
    Error.prepareStackTrace = (_, frames) =>
      frames.map((frame) => `${frame.getFileName()}:${frame.getPosition()}`).join("\n");
    Error.captureStackTrace(error, called);
    return error.stack ?? "";
  } finally {
    Error.prepareStackTrace = format;
    Error.stackTraceLimit = limit;
  }
}
