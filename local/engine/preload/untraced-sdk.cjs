/**
 * The SDK traces its own work, and takes the context along with every call to the engine. Unless somebody asks for traces there are none, but it
 * loads a library to say so. Here that is loaded when traces begin: TRACEPARENT is what the CLI sets for them.
 */
const { onSdkRequire } = require("./sdk-requires.cjs");

const NO_CONTEXT = { context: { active: () => undefined }, propagation: { inject: () => undefined } };
const NO_SPAN = { setAttribute: () => NO_SPAN, addEvent: () => NO_SPAN, end: () => undefined };

/** @typedef {{ start(url: string): void, stop(): void, newSpan(name: string): object }} Tracing */

/** @param {() => object} load */
function lateTracing(load) {
  const real = () => /** @type {Tracing} */ (load());
  let isOn = false;
  return {
    start: (/** @type {string} */ url) => {
      isOn = true;
      real().start(url);
    },
    stop: () => (isOn ? real().stop() : undefined),
    newSpan: (/** @type {string} */ name) => (isOn ? real().newSpan(name) : NO_SPAN),
  };
}

if (!process.env["TRACEPARENT"]) {
  onSdkRequire((request, file, load) => {
    if (file === "cmd/run/run.js" && request === "./tracing") return lateTracing(load);
    return file === "runtime/settings.js" && request === "@opentelemetry/api" ? NO_CONTEXT : undefined;
  });
}
