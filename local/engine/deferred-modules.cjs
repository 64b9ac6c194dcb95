/**
 * Required by the program and by the dynamic provider before anything else. More than half of what the SDK loads at its start serves what
 * hardly ever happens: npm's resolver for `computeCodePaths`, a compiler for functions that are serialised, exporters of traces. Here each
 * of them is loaded when the SDK first uses it; in every run that would be half a second for each process.
 *
 * Only requests by the SDK's own files are put off, and only for modules that it never hands out: nobody else can tell the difference.
 */
const Module = require("node:module");
const { sep } = require("node:path");

const SDK = ["", "@pulumi", "pulumi", ""].join(sep);
const TRACING = `${SDK}${["cmd", "run", "tracing.js"].join(sep)}`;

/** Used by their properties: `ts.SyntaxKind.Block`. */
const OBJECTS = new Set(["@npmcli/arborist", "../../typescript-shim"]);
/** Taken apart at once, `const { ZipkinExporter } = require(…)`, into classes and functions that are called when a trace begins. */
const CALLABLES = /^@opentelemetry\/(?!api$)/u;

const load = Reflect.get(Module, "_load");

/** @param {() => object} loaded */
const deferredObject = (loaded) =>
  new Proxy({}, { get: (_, name) => (name === "__esModule" ? true : Reflect.get(loaded(), name)) });

/** @param {() => object} loaded */
const deferredCallables = (loaded) =>
  new Proxy(
    {},
    {
      get: (_, name) =>
        new Proxy(Object, {
          apply: (_target, self, args) => Reflect.apply(Reflect.get(loaded(), name), self, args),
          construct: (_target, args) => Reflect.construct(Reflect.get(loaded(), name), args),
        }),
    },
  );

/**
 * @this {unknown}
 * @param {string} request
 * @param {{ filename?: string | null } | undefined} parent
 * @param {boolean} isMain
 */
function loadLate(request, parent, isMain) {
  const by = parent?.filename ?? "";
  const loaded = () => load.call(this, request, parent, isMain);
  if (OBJECTS.has(request) && by.includes(SDK)) return deferredObject(loaded);
  if (by.endsWith(TRACING) && CALLABLES.test(request)) return deferredCallables(loaded);
  return loaded();
}
Reflect.set(Module, "_load", loadLate);
