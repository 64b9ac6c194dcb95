import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { writeAtomicallySync } from "../../providers/common/atomic-write.ts";
import { crewVenv } from "../../providers/crew-process/local/index.ts";
import { type Project, openProject } from "../../stacks/project.ts";

/** The folder of this package. */
export const packageRoot = resolve(import.meta.dirname, "../..");

/** What the program finds in its project's folder, and is this package's own. */
const LINKED = ["providers", "crew", "node_modules", "package.json"];

/**
 * Makes the folder that the fleets' stacks run in, or brings it up to date: a Pulumi project of its own that runs this package's
 * program. State, crews and the sandbox are then the fleets' alone, and nothing is written to the checkout that the portal was started from.
 */
export function openFleetProject(folder: string): Project {
  for (const part of ["infra", ".masumi"]) mkdirSync(join(folder, part), { recursive: true, mode: 0o700 });
  for (const part of LINKED) link(join(packageRoot, part), join(folder, part));
  // The crews' Python environment is large, and the same for all projects of this package.
  link(crewVenv(packageRoot), join(folder, ".masumi", "venv"));
  const program = join(packageRoot, "infra/index.ts");
  write(join(folder, "infra/index.ts"), `export * from ${JSON.stringify(program)};\n`);
  write(join(folder, "Pulumi.yaml"), readFileSync(join(packageRoot, "Pulumi.yaml"), "utf8"));
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
