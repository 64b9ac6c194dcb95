/**
 * Builds the package into dist/: `npm run build`, then `npm pack ./dist`. It has the layout of the repository, with each TypeScript file
 * compiled where it was, so that whatever is found relative to a module is found in both.
 */
import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PACKAGE_ROOT } from "../providers/common/own-files.ts";
import { buildPage } from "../portal/page/build.ts";
import { manifest } from "./manifest.ts";

/** What is taken as it is: whatever no compiler writes, and what projects and images are made of. */
const COPIED = [
  "LICENSE",
  "README.md",
  "Pulumi.yaml",
  "Pulumi.{preprod,mainnet}.yaml",
  ".github/CODEOWNERS",
  ".github/workflows/{deploy,drift,fleets,preview}.yml",
  "agents/**",
  "crew/{.dockerignore,Dockerfile,README.md,pyproject.toml,uv.lock}",
  "crew/installer/**",
  "crew/src/**",
  "docs/aws/*.json",
  "{cli,infra,local,providers,stacks,portal}/**/*.{js,cjs,json,yaml,sql}",
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
  "infra/**/write-json-schema.*",
];

export interface BuildOptions {
  /** @default dist/ in the repository */
  readonly into?: string;
  /** @default that of package.json */
  readonly version?: string;
}

/** Builds the package, and returns its folder. */
export async function buildPackage({ into = join(PACKAGE_ROOT, "dist"), version }: BuildOptions = {}) {
  rmSync(into, { recursive: true, force: true });
  const compiler = join(PACKAGE_ROOT, "node_modules/typescript/bin/tsc");
  const project = join(PACKAGE_ROOT, "packaging");
  const { status } = spawnSync(process.execPath, [compiler, "-p", project, "--outDir", into], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("The package could not be compiled.");
  for (const file of globSync(LEFT_OUT, { cwd: into }))
    rmSync(join(into, file), { recursive: true, force: true });
  for (const entry of globSync(COPIED, { cwd: PACKAGE_ROOT, exclude: LEFT_OUT, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const target = join(into, file.slice(PACKAGE_ROOT.length));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(file, target);
  }
  await buildPage({ into: join(into, "portal/page/dist") });
  writeFileSync(join(into, "package.json"), `${JSON.stringify(manifest(version), undefined, 2)}\n`);
  return into;
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write(`${await buildPackage()}\n`);
}
