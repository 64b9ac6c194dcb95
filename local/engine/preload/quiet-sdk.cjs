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

/**
 * The SDK's provider host prints `<error>: <stack>` of every error that its answer carries as well. One whose stack was taken away explains
 * itself, and is shown with its resource alone.
 */
if (/[\\/]dynamic-provider[\\/]index\.js$/.test(process.argv[1] ?? "")) {
  const print = console.error;
  console.error = (...said) => {
    const [text] = said;
    if (said.length === 1 && typeof text === "string" && /^\w*Error: [^]*: $/.test(text)) return;
    print(...said);
  };
}
