/**
 * The SDK connects every program to V8's inspector at its start, to know the files of the functions that it may have to serialise. Debugging slows
 * the program down, and nearly none serialises any: here the SDK connects when the first is serialised, and is then told of all files that were
 * loaded by that time.
 */
const { onSdkRequire } = require("./sdk-requires.cjs");

/** @typedef {{ post(method: string, done: (error: Error | null) => void): void }} Session */
/** @typedef {{ getSessionAsync(): Promise<Session>, isInitializedAsync(): Promise<void> }} Hooks */

/**
 * @param {Session} session
 * @param {string} method
 */
const post = (session, method) =>
  new Promise((resolve, reject) =>
    session.post(method, (error) => (error ? reject(error) : resolve(undefined))),
  );

/** V8 names the files that it has when debugging begins, but the SDK listens from then on only: so it begins once more. @param {Hooks} hooks */
async function connect(hooks) {
  const session = await hooks.getSessionAsync();
  await post(session, "Debugger.disable");
  await post(session, "Debugger.enable");
  return session;
}

onSdkRequire((request, file, load) => {
  if (!request.endsWith("/v8Hooks")) return undefined;
  if (file === "cmd/run/index.js") return { isInitializedAsync: () => Promise.resolve() };
  const hooks = /** @type {Hooks} */ (load());
  /** @type {Promise<Session> | undefined} */
  let session;
  return { ...hooks, getSessionAsync: () => (session ??= connect(hooks)) };
});
