import { posix } from "node:path";
import type { EntryPoint } from "../agent.ts";
import type { OwnFiles } from "./own-files.ts";
import { type PythonSource, importsOf, pythonSource } from "./python-source.ts";

/**
 * Returns the folder's own files that are loaded when its module is imported, beginning with the module's. What is imported
 * inside a function counts too; what is imported by a computed name is not seen.
 */
export function reachableSources(files: OwnFiles, { module, paths }: EntryPoint): PythonSource[] {
  const [base] = paths;
  const found = new Map<string, PythonSource>();
  const wanted = filesOfModule(files, base, module).toReversed();
  for (let path = wanted.shift(); path !== undefined; path = wanted.shift()) {
    if (found.has(path)) continue;
    const source = pythonSource(path, files.text(path));
    found.set(path, source);
    const packageOf = posix.relative(base, posix.dirname(path)).split("/").filter(Boolean);
    for (const { module: named, name } of importsOf(source)) {
      const absolute = absoluteName(named, packageOf);
      const names = name === undefined ? [absolute] : [absolute, `${absolute}.${name}`];
      wanted.push(...names.flatMap((one) => filesOfModule(files, base, one)));
    }
  }
  return [...found.values()];
}

/** Returns the files that importing a module loads: the packages that it is in, and its own. */
function filesOfModule(files: OwnFiles, base: string, module: string): string[] {
  const names = module.split(".").filter(Boolean);
  return names
    .map((_, index) => posix.join(base, ...names.slice(0, index + 1)))
    .flatMap((path) => [`${path}/__init__.py`, `${path}.py`])
    .filter((path) => files.has(path));
}

/** Resolves leading dots: one is the package that the file is in, each further one the package around it. */
function absoluteName(module: string, packageOf: readonly string[]): string {
  const dots = /^\.*/.exec(module)?.[0].length ?? 0;
  if (dots === 0) return module;
  const around = packageOf.slice(0, packageOf.length - (dots - 1));
  return [...around, module.slice(dots)].filter(Boolean).join(".");
}
