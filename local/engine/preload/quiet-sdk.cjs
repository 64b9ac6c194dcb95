/**
 * The SDK says what it is about to do at every step, in debug messages that nobody is shown: three calls to the engine for each resource,
 * one after the other. They are not sent. What the program itself logs is.
 */
const { onSdkRequire } = require("./sdk-requires.cjs");

const quiet = () => Promise.resolve();

onSdkRequire((request, file, load) => {
  if (request !== "../log" || !file.startsWith("runtime/")) return undefined;
  return new Proxy(load(), { get: (log, name) => (name === "debug" ? quiet : Reflect.get(log, name)) });
});
