/**
 * The SDK notes a stack trace with every promise and every resource, and translates each by source maps, though most are equal: a program
 * with a thousand resources spends half its time on that. Here each is translated once; what comes out is the same text.
 */
const { onSdkRequire } = require("./sdk-requires.cjs");

/** A program that recurses could have any number of different ones. */
const MOST = 10_000;

onSdkRequire((request, _file, load) => {
  if (request !== "source-map-support/register") return undefined;
  const loaded = load();
  Error.prepareStackTrace = remembering(Reflect.get(Error, "prepareStackTrace"));
  return loaded;
});

/** @param {{ toString(): string }} frame */
const textOf = (frame) => frame.toString();

/** @param {(error: Error, frames: NodeJS.CallSite[]) => string} translate */
function remembering(translate) {
  /** @type {Map<string, string>} */
  const traces = new Map();
  return (/** @type {Error} */ error, /** @type {NodeJS.CallSite[]} */ frames) => {
    const key = `${error.name}: ${error.message}\n${frames.map(textOf).join("\n")}`;
    const known = traces.get(key);
    if (known !== undefined) return known;
    if (traces.size === MOST) traces.clear();
    const trace = translate(error, frames);
    traces.set(key, trace);
    return trace;
  };
}
