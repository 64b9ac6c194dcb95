import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isOfCloud } from "../providers/common/optional-packages.ts";
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

/**
 * What `import … from "masumi-agents"` means. In the repository's own package.json it would be taken for the program: the SDK runs a package's
 * main export where Pulumi.yaml names a folder, and an empty program takes down everything that a stack has.
 */
const LIBRARY = "./library/index.ts";

const allOptional = (versions: Versions) =>
  Object.fromEntries(Object.keys(versions).map((name) => [name, { optional: true }]));

const only = (versions: Versions, wanted: (name: string) => boolean): Versions =>
  Object.fromEntries(Object.entries(versions).filter(([name]) => wanted(name)));

/** Returns an entry of `exports` for what the compiler makes of a file. */
const compiled = (file: string) => ({
  types: file.replace(/\.ts$/, ".d.ts"),
  default: file.replace(/\.ts$/, ".js"),
});

/** What a release knows and the sources do not. */
export interface Release {
  /** @default that of package.json */
  readonly version?: string | undefined;
  /** The repository on GitHub, `owner/name`, which npm compares with the one that a package was built in. @default none is named */
  readonly repository?: string | undefined;
}

/** What both packages say of themselves. */
const about = (name: string, own: Manifest, { version, repository }: Release) => ({
  name,
  version: version ?? own.version,
  license: own.license,
  type: "module",
  engines: own.engines,
  ...(repository === undefined
    ? {}
    : { repository: { type: "git", url: `git+https://github.com/${repository}.git` } }),
});

/** Returns the package.json of the package that is published. */
export function manifest(release: Release = {}): object {
  const own = read("package.json");
  const optional = { ...only(own.dependencies, isOfCloud), ...read("portal/package.json").dependencies };
  const entries = Object.entries({ ".": LIBRARY, ...own.exports }).map(
    ([name, file]) => [name, compiled(file)] as const,
  );
  return {
    ...about("masumi-agents", own, release),
    description: own.description,
    bin: own.bin,
    exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" },
    dependencies: only(own.dependencies, (name) => name !== SHARED && !isOfCloud(name)),
    peerDependencies: { ...only(own.dependencies, (name) => name === SHARED), ...optional },
    peerDependenciesMeta: allOptional(optional),
  };
}

/** Returns the package.json of the package behind `npm create masumi-agents`. */
export function createManifest(release: Release = {}): object {
  const own = read("package.json");
  // Named for the new project's package.json; nothing is installed for it here.
  const named = only(own.dependencies, (name) => name === SHARED || isOfCloud(name));
  return {
    ...about("create-masumi-agents", own, release),
    description: "Makes a project of Masumi agents: npm create masumi-agents <folder>",
    bin: { "create-masumi-agents": "cli/commands/project/create.js" },
    peerDependencies: named,
    peerDependenciesMeta: allOptional(named),
  };
}
