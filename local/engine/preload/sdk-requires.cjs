/** How a preload gets between the SDK's own files and what they require. Whatever the program itself requires stays as it is. */
const Module = require("node:module");
const { sep } = require("node:path");

/** @typedef {(request: string, file: string, load: () => object) => object | undefined} Answer */

const SDK = ["", "node_modules", "@pulumi", "pulumi", ""].join(sep);

/**
 * Asks `answer` at each `require` of a file of the SDK, whose path in the SDK it gets (with slashes); undefined leaves it as it is.
 * @param {Answer} answer
 */
exports.onSdkRequire = (answer) => {
  const before = Reflect.get(Module, "_load");
  /**
   * @this {unknown}
   * @param {string} request
   * @param {{ filename?: string | null } | undefined} parent
   * @param {boolean} isMain
   */
  function load(request, parent, isMain) {
    const loaded = () => before.call(this, request, parent, isMain);
    const file = (parent?.filename ?? "").split(SDK).at(1)?.replaceAll(sep, "/");
    const own = file !== undefined && !file.startsWith("node_modules/");
    return (own ? answer(request, file, loaded) : undefined) ?? loaded();
  }
  Reflect.set(Module, "_load", load);
};
