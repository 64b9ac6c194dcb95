/**
 * More than half of what the SDK loads at its start serves what hardly ever happens: npm's resolver for `computeCodePaths`, a compiler for
 * functions that are serialised, exporters of traces. Each of them is loaded when the SDK first uses it; in every run that would be half
 * a second for each process. They are modules that the SDK never hands out, so nobody else can tell the difference.
 */
const { onSdkRequire } = require("./sdk-requires.cjs");

/** Used by their properties: `ts.SyntaxKind.Block`. */
const OBJECTS = new Set(["@npmcli/arborist", "normalize-package-data", "../../typescript-shim"]);
/** Taken apart at once, `const { ZipkinExporter } = require(…)`, into classes and functions that are called when a trace begins. */
const CALLABLES = /^@opentelemetry\/(?!api$)/u;

/**
 * The SDK's code for imports would otherwise look at every property at once. To it the `default` of a CommonJS module is the whole module.
 * @param {() => object} load
 */
const deferredObject = (load) =>
  new Proxy(
    {},
    {
      get: (_, name) =>
        name === "__esModule" ? true : name === "default" ? load() : Reflect.get(load(), name),
    },
  );

/** @param {() => object} load */
const deferredCallables = (load) =>
  new Proxy(
    {},
    {
      get: (_, name) =>
        new Proxy(Object, {
          apply: (_target, self, args) => Reflect.apply(Reflect.get(load(), name), self, args),
          construct: (_target, args) => Reflect.construct(Reflect.get(load(), name), args),
        }),
    },
  );

onSdkRequire((request, file, load) => {
  if (OBJECTS.has(request)) return deferredObject(load);
  if (file === "cmd/run/tracing.js" && CALLABLES.test(request)) return deferredCallables(load);
  return undefined;
});
