/**
 * More than half of what the SDK loads at its start serves what hardly ever happens: npm's resolver for `computeCodePaths`, a compiler for
 * functions that are serialised, the automation API, exporters of traces. Each of them is loaded when it is first used; in every run that
 * would be half a second for each process. Most are modules that the SDK never hands out, so nobody else can tell the difference.
 */
const { onSdkRequire } = require("./sdk-requires.cjs");

/** Used by their properties: `ts.SyntaxKind.Block`. */
const OBJECTS = new Set([
  "@npmcli/arborist",
  "normalize-package-data",
  "../../typescript-shim",
  "semver",
  "js-yaml",
  "@opentelemetry/api",
]);
/** Handed out as a property of the SDK: `pulumi.automation`. */
const HANDED_OUT = new Set(["./automation"]);
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

/**
 * The same for a module that programs may look at.
 * @param {() => object} load
 */
const deferredModule = (load) =>
  new Proxy(
    {},
    {
      get: (_, name) => (name === "__esModule" ? true : Reflect.get(load(), name)),
      has: (_, name) => Reflect.has(load(), name),
      ownKeys: () => Reflect.ownKeys(load()),
      getOwnPropertyDescriptor: (_, name) => {
        const found = Reflect.getOwnPropertyDescriptor(load(), name);
        // Of what a proxy does not have itself it may not say that it cannot change.
        return found && { ...found, configurable: true };
      },
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
  if (file === "index.js" && HANDED_OUT.has(request)) return deferredModule(load);
  if (file === "cmd/run/tracing.js" && CALLABLES.test(request)) return deferredCallables(load);
  return undefined;
});
