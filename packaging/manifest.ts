import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PACKAGE_ROOT } from "../providers/common/own-files.ts";

type Versions = Readonly<Record<string, string>>;

interface Manifest {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly engines: Versions;
  readonly bin: Versions;
  readonly exports: Versions;
  readonly dependencies: Versions;
}

const read = (file: string) => JSON.parse(readFileSync(join(PACKAGE_ROOT, file), "utf8")) as Manifest;

/** The SDK that must be the same as the program's own: of two, each would know half of the resources. */
const SHARED = "@pulumi/pulumi";

/** Loaded when a hosting, a bucket or a log is in the cloud, or on a Docker engine. */
const isOptional = (name: string) => /^@(pulumi\/(aws|docker)|aws-sdk\/.*)$/.test(name);

const only = (versions: Versions, wanted: (name: string) => boolean): Versions =>
  Object.fromEntries(Object.entries(versions).filter(([name]) => wanted(name)));

/** Returns an entry of `exports` for what the compiler makes of a file. */
const compiled = (file: string) => ({
  types: file.replace(/\.ts$/, ".d.ts"),
  default: file.replace(/\.ts$/, ".js"),
});

/** Returns the package.json of the package that is published. */
export function manifest(version?: string): object {
  const own = read("package.json");
  const optional = { ...only(own.dependencies, isOptional), ...read("portal/package.json").dependencies };
  const entries = Object.entries(own.exports).map(([name, file]) => [name, compiled(file)] as const);
  return {
    name: "masumi-agents",
    version: version ?? own.version,
    description: own.description,
    license: own.license,
    type: "module",
    bin: own.bin,
    exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" },
    engines: own.engines,
    dependencies: only(own.dependencies, (name) => name !== SHARED && !isOptional(name)),
    peerDependencies: { ...only(own.dependencies, (name) => name === SHARED), ...optional },
    peerDependenciesMeta: Object.fromEntries(Object.keys(optional).map((name) => [name, { optional: true }])),
  };
}

/** Returns the package.json of the package behind `npm create masumi-agents`. */
export function createManifest(version?: string): object {
  const own = read("package.json");
  return {
    name: "create-masumi-agents",
    version: version ?? own.version,
    description: "Makes a project of Masumi agents: npm create masumi-agents <folder>",
    license: own.license,
    type: "module",
    bin: { "create-masumi-agents": "cli/commands/project/create.js" },
    engines: own.engines,
    // Named for the new project's package.json; nothing is installed for it here.
    peerDependencies: only(own.dependencies, (name) => name === SHARED),
    peerDependenciesMeta: { [SHARED]: { optional: true } },
  };
}
