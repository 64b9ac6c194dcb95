/**
 * Loaded into a provider host: has it load what its providers' code will ask for as soon as it serves, while the program still plans. By
 * itself it would begin with the first resource, and the whole run waits for that.
 */
const { createRequire } = require("node:module");
const { isMainThread } = require("node:worker_threads");

const MODULES = "ENGINE_PROVIDER_MODULES";

const names = /** @type {string[]} */ (JSON.parse(process.env[MODULES] ?? "[]"));
// What the providers start has none of it.
delete process.env[MODULES];

if (isMainThread && names.length > 0) {
  // As from the program's folder, in which the host runs. After the SDK's main file, which is loaded in this turn.
  const load = createRequire(`${process.cwd()}/`);
  setImmediate(() => {
    for (const name of names) {
      try {
        load(name);
      } catch {
        // The code that asks for it throws the same, where it is told under the resource.
      }
    }
  });
}
