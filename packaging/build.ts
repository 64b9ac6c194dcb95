/**
 * Builds the packages into dist/: `npm run build`, then `npm pack ./dist/masumi-agents`. Each has the layout of the repository, with every
 * TypeScript file compiled where it was, so that whatever is found relative to a module is found in both.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, globSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { PACKAGE_ROOT } from "../providers/common/own-files.ts";
import { buildPage } from "../portal/page/build.ts";
import { type Release, createManifest, manifest } from "./manifest.ts";

/** What a new project is made of. */
const OF_PROJECTS = [
  "LICENSE",
  "Pulumi.yaml",
  "Pulumi.{preprod,mainnet}.yaml",
  ".github/CODEOWNERS",
  ".github/workflows/{deploy,drift,preview}.yml",
];

/** What is taken as it is: whatever no compiler writes, and what projects and images are made of. */
const COPIED = [
  ...OF_PROJECTS,
  "README.md",
  ".github/workflows/fleets.yml",
  "agents/**",
  "crew/{.dockerignore,Dockerfile,README.md,pyproject.toml,uv.lock}",
  "crew/installer/**",
  "crew/src/**",
  "docs/*.md",
  "llms.txt",
  "skills/**",
  "docs/aws/*.json",
  "{cli,infra,library,local,providers,stacks,portal}/**/*.{js,cjs,json,yaml,sql}",
];

/** What only the repository has a use for. */
const LEFT_OUT = [
  "**/{node_modules,__pycache__,*.egg-info}/**",
  "**/*.pyc",
  "local/engine/{test/**,package.json}",
  "portal/page/{src,dist*}/**",
  "portal/page/tsconfig.json",
  "portal/compose.yaml",
  "cli/{write-command-words,verify-bundled-node}.*",
  "cli/guide/**",
  "infra/**/write-json-schema.*",
  "library/component/{documentation,write-schema}.*",
  // No entry of `exports` leads there.
  "{buyer,cli,local,portal,stacks}/**/*.d.{ts,cts,mts}",
];

/** What makes a project, of the files of the package. */
const OF_CREATE = [
  ...OF_PROJECTS,
  "cli/{terminal,text,bundled-node,json-failure}.js",
  "cli/bundled-node.json",
  "cli/commands/project/{create,init}.js",
  "providers/common/{coded-error,local-stack,npm-node,optional-packages,own-files}.js",
  "stacks/init/{errors,hello,init,texts}.{js,yaml}",
];

export interface BuildOptions extends Release {
  /** @default dist/ in the repository */
  readonly into?: string;
}

/** Builds the packages, and returns their folders. */
export async function buildPackages({ into = join(PACKAGE_ROOT, "dist"), ...release }: BuildOptions = {}) {
  rmSync(into, { recursive: true, force: true });
  const main = join(into, "masumi-agents");
  compile(main);
  for (const file of globSync(LEFT_OUT, { cwd: main }))
    rmSync(join(main, file), { recursive: true, force: true });
  copy(COPIED, PACKAGE_ROOT, main);
  await buildPage({ into: join(main, "portal/page/dist") });
  writeManifest(main, manifest(release));

  const create = join(into, "create-masumi-agents");
  copy(OF_CREATE, main, create);
  chmodSync(join(create, "cli/commands/project/create.js"), 0o755);
  writeManifest(create, createManifest(release));
  return { main, create };
}

function compile(into: string): void {
  const compiler = join(PACKAGE_ROOT, "node_modules/typescript/bin/tsc");
  const words = [compiler, "-p", join(PACKAGE_ROOT, "packaging"), "--outDir", into];
  const { status } = spawnSync(process.execPath, words, { stdio: "inherit" });
  if (status !== 0) throw new Error("The package could not be compiled.");
}

function copy(patterns: readonly string[], from: string, into: string): void {
  for (const entry of globSync(patterns, { cwd: from, exclude: LEFT_OUT, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const target = join(into, relative(from, file));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(file, target);
  }
}

const writeManifest = (folder: string, content: object): void =>
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(content, undefined, 2)}\n`);

if (process.argv[1] === import.meta.filename) {
  // Set on GitHub.
  const { main, create } = await buildPackages({ repository: process.env["GITHUB_REPOSITORY"] });
  process.stdout.write(`${main}\n${create}\n`);
}
