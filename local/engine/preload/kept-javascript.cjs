/**
 * Node strips the types off every TypeScript module anew at each start, and loads a compiler for it: a fifth of a second for a process that
 * does little else. Here what it made of a module is kept beside Node's own cache of compiled code, under the digest of the source. Without
 * such a cache (NODE_COMPILE_CACHE), and for all but ES modules, everything stays as it is.
 */
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { registerHooks, stripTypeScriptTypes } = require("node:module");
const path = require("node:path");
const { isInternalThread } = require("node:worker_threads");

const cache = process.env["NODE_COMPILE_CACHE"];

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/**
 * Undefined where Node must say what is wrong with the source.
 * @param {string} source
 */
function strip(source) {
  // It would warn, once more, that this is experimental.
  const warn = Reflect.get(process, "emitWarning");
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(source);
  } catch {
    return undefined;
  } finally {
    process.emitWarning = warn;
  }
}

/**
 * @param {string} folder
 * @param {string} source
 */
function javaScript(folder, source) {
  const file = path.join(folder, createHash("sha256").update(`${process.version}\n${source}`).digest("hex"));
  const kept = read(file);
  if (kept !== undefined) return kept;
  const made = strip(source);
  if (made === undefined) return undefined;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${file}.${process.pid}`, made);
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // A cache that cannot be written saves nothing, and costs nothing.
  }
  return made;
}

// In the thread of `module.register`, whose loader takes no hooks of this kind, a program with hooks of its own would end.
if (cache && !isInternalThread) {
  const folder = path.join(cache, "javascript");
  registerHooks({
    load(url, context, next) {
      if (context.format !== "module-typescript" || url.includes("/node_modules/")) return next(url, context);
      const loaded = next(url, context);
      const typescript =
        typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source);
      const source = javaScript(folder, typescript);
      return source === undefined ? loaded : { ...loaded, format: "module", source };
    },
  });
}
