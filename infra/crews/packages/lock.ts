import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { parse } from "smol-toml";
import { z } from "zod";
import { writeAtomicallySync } from "../../../providers/common/atomic-write.ts";
import {
  InstallerError,
  crewFolder,
  crewVenv,
  ensurePythonEnvironment,
} from "../../../providers/crew-process/local/index.ts";
import {
  type FolderPackages,
  LOCK_FILE,
  LOCK_TABLE,
  type LockedPackage,
  formatComplaints,
  packagesReader,
  runtimePackages,
} from "../../declarations/index.ts";
import { HostingError } from "../errors.ts";
import { explainResolver } from "./explain-resolver.ts";
import { resolvePackages } from "./resolve.ts";
import { runtimeMetadata } from "./runtime-metadata.ts";

/** A package that a lock has now and had not before, or the other way round. */
export interface PackageChange {
  readonly name: string;
  readonly from?: string;
  readonly to?: string;
}

/** A lock that was written. */
export interface WrittenLock {
  /** Relative to the project's root. */
  readonly file: string;
  readonly packages: readonly LockedPackage[];
  /** By name. */
  readonly changes: readonly PackageChange[];
}

/**
 * Locks the packages of folders where the lock is missing, or is not of what the folder requires now; seconds for each, with the
 * network. Versions that were locked before are kept where that is possible.
 *
 * @returns what was written
 * @throws HostingError PACKAGES_UNUSABLE; CrewProcessError CREW_PYTHON_MISSING, CREW_INSTALL_FAILED
 */
export async function lockPackages(
  projectRoot: string,
  folders: readonly string[],
  onProgress?: (message: string) => void,
): Promise<WrittenLock[]> {
  const read = packagesReader(projectRoot);
  const written: WrittenLock[] = [];
  for (const folder of folders) {
    const found = read(folder);
    const { complaints, state, lock } = found;
    if (complaints.length > 0) {
      throw new HostingError("PACKAGES_UNUSABLE", formatComplaints(complaints), "Correct these places.");
    }
    if (state === "none" || state === "locked") continue;
    onProgress?.(`Locking the packages of ${folder} ...`);
    const packages = await lockFolder(projectRoot, folder, found);
    const file = posix.join(folder, LOCK_FILE);
    written.push({ file, packages, changes: changesOf(lock?.packages ?? [], packages) });
  }
  return written;
}

/** Writes the lock of one folder, and returns what is in it. */
async function lockFolder(
  projectRoot: string,
  folder: string,
  { wanted, lock }: FolderPackages,
): Promise<readonly LockedPackage[]> {
  const venv = crewVenv(projectRoot);
  const { uv, python } = await ensurePythonEnvironment({ crewFolder: crewFolder(projectRoot), venv });
  const runtime = runtimePackages(projectRoot);
  const { requirements, declared, digest } = wanted;
  const resolution = {
    uv,
    python,
    requirements,
    runtime,
    metadata: runtimeMetadata(venv, runtime.installed),
    preferred: ownLock(join(projectRoot, folder)) ?? lock?.packages ?? [],
  };
  let text: string;
  try {
    text = await resolvePackages(resolution);
  } catch (error) {
    throw (
      (error instanceof InstallerError && explainResolver(error.said, { folder, declared, runtime })) || error
    );
  }
  const made = `${text.trimEnd()}\n\n[tool.${LOCK_TABLE}]\nrequirements = "${digest}"\n`;
  writeAtomicallySync(join(projectRoot, folder, LOCK_FILE), made);
  return packagesIn(made);
}

const versionsSchema = z.object({ name: z.string(), version: z.string() });
const listOf = (packages: unknown): LockedPackage[] =>
  z
    .array(z.unknown())
    .parse(packages ?? [])
    .flatMap((found) => {
      const read = versionsSchema.safeParse(found);
      return read.success ? [{ name: read.data.name, version: read.data.version }] : [];
    });

const packagesIn = (lock: string): LockedPackage[] => listOf(parse(lock)["packages"]);

/** Returns the versions of the author's uv.lock; undefined if there is none. */
function ownLock(folder: string): LockedPackage[] | undefined {
  const file = join(folder, "uv.lock");
  return existsSync(file) ? listOf(parse(readFileSync(file, "utf8"))["package"]) : undefined;
}

function changesOf(before: readonly LockedPackage[], after: readonly LockedPackage[]): PackageChange[] {
  const [old, now] = [before, after].map(byName);
  const names = [...new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])].toSorted();
  return names.flatMap((name) => {
    const [from, to] = [old?.get(name), now?.get(name)];
    if (from === to) return [];
    return [{ name, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }];
  });
}

/** A package may be locked in several versions, each for some versions of Python. */
const byName = (packages: readonly LockedPackage[]): ReadonlyMap<string, string> =>
  new Map(
    packages.map(({ name }) => [
      name,
      packages.flatMap((one) => (one.name === name ? [one.version] : [])).join(" and "),
    ]),
  );

/** Returns a sentence about a lock that was written: what is in it, and what has changed. */
export function lockSentence({ file, packages, changes }: WrittenLock): string {
  const shown = changes.map(({ name, from, to }) =>
    from === undefined
      ? `+ ${name} ${to}`
      : to === undefined
        ? `- ${name} ${from}`
        : `${name} ${from} -> ${to}`,
  );
  const { size } = byName(packages);
  const number = `${size} ${size === 1 ? "package" : "packages"}`;
  return `${file} was written (${number}: ${shown.join(", ") || "as before"}). Commit it: pipelines refuse to run without it.`;
}
