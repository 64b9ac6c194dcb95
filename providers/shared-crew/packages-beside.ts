import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type PackagesTarget,
  addPackages,
  crewFolder,
  crewVenv,
  dropUnusedPackages,
  ensurePythonEnvironment,
  packedPackages,
  sharedAgentsFolder,
  sharedVersionsFolder,
} from "../crew-process/local/index.ts";
import type { Place } from "./store/agent-store.ts";
import { sha256 } from "../common/sha256.ts";
import type { FileBeside } from "./store/file-beside.ts";

/** Packages that an agent's code needs beside the runtime's. */
export interface PackagesBeside {
  /** The folder that crew.json names; it has the lock's digest in it (packagesOf). */
  readonly folder: string;
  /** The file with the lock, relative to the folder in which the engine runs programs. */
  readonly lock: string;
  /** The container that the service runs in; absent if it is a process of this machine. */
  readonly target?: PackagesTarget & {
    /** The project's folder, relative to the same. */
    readonly project: string;
  };
}

interface WithPackages {
  readonly agentId: string;
  readonly place: Place;
  readonly packages?: PackagesBeside;
}

const JOBS_END_WITHIN_MS = 10_000;
const PAUSE_MS = 200;

/**
 * Returns the archive of an agent's packages if it needs one. Its name has two digests in it: that of the lock, by which crew.json
 * asks for it, and its own, by which the service checks it.
 *
 * @param before what was stored before, and is kept as long as nothing else is asked for
 * @throws CrewProcessError CREW_INSTALL_FAILED, CREW_PYTHON_MISSING
 */
export async function packed(
  { packages }: WithPackages,
  before?: WithPackages & { readonly archive?: FileBeside },
): Promise<{ readonly archive?: FileBeside }> {
  if (!packages?.target) return {};
  const { folder, lock, target } = packages;
  if (before?.archive && JSON.stringify(before.packages) === JSON.stringify(packages)) {
    return { archive: before.archive };
  }
  const file = await packedPackages(resolve(target.project), folder, lock, target);
  const digest = sha256(await readFile(file));
  return { archive: { path: `${folder}.${digest}.tgz`, sha256: digest, source: relative("", file) } };
}

/**
 * Installs an agent's packages on this machine, if its service is a process there.
 *
 * @param present what is there already
 */
export async function provideHere(
  { place, agentId, packages }: WithPackages,
  present: readonly string[],
): Promise<void> {
  if (place.kind !== "folder" || !packages || packages.target || present.includes(packages.folder)) return;
  const { projectRoot } = place;
  const environment = await ensurePythonEnvironment({
    crewFolder: crewFolder(projectRoot),
    venv: crewVenv(projectRoot),
  });
  const home = join(sharedAgentsFolder(projectRoot, place.stack), agentId);
  await addPackages({ projectRoot, home }, packages.folder, environment, packages.lock);
}

/** Removes packages from this machine that no agent needs any more, when one has let go of its own. */
export async function dropUnused({ place, packages }: WithPackages): Promise<void> {
  if (place.kind === "folder" && packages) await dropUnusedPackages(place.projectRoot);
}

/** Gives the service some time to end the jobs of an agent that is removed, which may still import its packages. */
export async function awaitEndOfJobs({ place, packages, agentId }: WithPackages): Promise<void> {
  if (place.kind !== "folder" || !packages) return;
  const versions = sharedVersionsFolder(place.projectRoot, agentId, place.stack);
  const end = Date.now() + JOBS_END_WITHIN_MS;
  while (existsSync(versions) && Date.now() < end) await sleep(PAUSE_MS);
}
