import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { writeAtomicallySync } from "../../providers/common/atomic-write.ts";
import { PACKAGE_ROOT, ownProgram } from "../../providers/common/own-files.ts";
import { crewVenv } from "../../providers/crew-process/local/index.ts";
import { type Project, findProjectRoot, openProject } from "../../stacks/project.ts";

/**
 * The crews' Python environment, which is large: that of the project that the portal is started in. Outside of any, as in its image,
 * this package has one.
 */
export const VENV = crewVenv(findProjectRoot(process.cwd()) ?? PACKAGE_ROOT);

/** Where this package's dependencies are, among them the SDK that the engine looks for beside a program. */
const packagesFolder = (): string =>
  resolve(createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json"), "../../..");

/**
 * Makes the folder that the fleets' stacks run in, or brings it up to date: a Pulumi project of its own that runs this package's
 * program. State, crews and the sandbox are then the fleets' alone, and nothing is written to the checkout that the portal was started from.
 */
export function openFleetProject(folder: string): Project {
  for (const part of ["infra", ".masumi"]) mkdirSync(join(folder, part), { recursive: true, mode: 0o700 });
  // The resources' providers are found by the package's name, which its package.json gives to this folder.
  for (const part of ["providers", "package.json"]) link(join(PACKAGE_ROOT, part), join(folder, part));
  link(packagesFolder(), join(folder, "node_modules"));
  link(VENV, join(folder, ".masumi", "venv"));
  const program = ownProgram("infra/index");
  write(join(folder, "infra", basename(program)), `export * from ${JSON.stringify(program)};\n`);
  write(join(folder, "Pulumi.yaml"), readFileSync(join(PACKAGE_ROOT, "Pulumi.yaml"), "utf8"));
  return openProject(folder);
}

function link(target: string, path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSymbolicLink()) rmSync(path);
  else if (found) return;
  symlinkSync(target, path);
}

function write(path: string, text: string): void {
  if (!existsSync(path)) writeFileSync(path, text);
  else if (readFileSync(path, "utf8") !== text) writeAtomicallySync(path, text);
}
