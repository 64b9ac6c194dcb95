import { posix } from "node:path";
import { satisfies } from "@renovatebot/pep440";
import { type Complaint, complaintAt } from "../load/complaint.ts";
import { type FolderPackages, LOCK_FILE, folderPackages } from "./lock.ts";
import { IMAGE_PYTHON, type PlacedRequirement } from "./project-files.ts";
import { type RuntimePackages, runtimePackages } from "./runtime.ts";
import { fitsContainer, isNeededOnLinux } from "./wheels.ts";

/** Reads the packages of folders of one project; what the runtime has is read once, if it is needed at all. */
export function packagesReader(projectRoot: string): (folder: string) => FolderPackages & {
  /** What its author has to change before anything can be locked. */
  readonly complaints: readonly Complaint[];
} {
  let read: RuntimePackages | undefined;
  const runtime = () => (read ??= runtimePackages(projectRoot));
  return (folder) => {
    const found = folderPackages(projectRoot, folder, runtime);
    const { declared, complaints } = found.wanted;
    return { ...found, complaints: [...complaints, ...contradictions(declared, runtime)] };
  };
}

/**
 * Returns a complaint for each requirement that no version of the runtime's package meets. One that holds in some environments
 * only is left to the resolver, which knows them.
 */
function contradictions(declared: readonly PlacedRequirement[], runtime: () => RuntimePackages): Complaint[] {
  return declared.flatMap((requirement) => {
    const { name, specifier, marker } = requirement;
    if (specifier === "" || marker !== "") return [];
    const versions = runtime().versions.get(name) ?? [];
    if (
      versions.length === 0 ||
      versions.some((version) => satisfies(version, specifier, { prereleases: true }))
    )
      return [];
    const has = `the crew runtime has ${name} ${versions.join(" and ")}`;
    const remedy = `allow that version, or add a Dockerfile to run an image of your own`;
    return [complaintAt(requirement, `the project asks for ${name}${specifier}, and ${has}`, remedy)];
  });
}

/**
 * Complains about a folder's packages: what cannot be locked, and in a pipeline also what is not. A lock that a pipeline made would
 * be another one each time, and nobody would have approved what is in it.
 */
export function checkPackages(
  found: FolderPackages & { readonly complaints: readonly Complaint[] },
  folder: string,
  inPipeline: boolean,
): Complaint[] {
  const notice = inPipeline ? unlockedNotice(folder, found) : undefined;
  if (notice === undefined || found.complaints.length > 0) return [...found.complaints];
  return [complaintAt(placeOf(found.wanted.declared, folder), notice.message, notice.remedy)];
}

/** Complains about locked packages of a folder whose code runs in a container, and which cannot be installed in one. */
export function checkWheels({ lock, state, wanted }: FolderPackages, folder: string): Complaint[] {
  if (!lock || state !== "locked") return [];
  return lock.packages
    .filter((locked) => isNeededOnLinux(locked) && !locked.wheels.some(fitsContainer))
    .map(({ name, version }) =>
      complaintAt(
        wanted.declared.find((one) => one.name === name) ?? placeOf(wanted.declared, folder),
        `the package ${name} ${version} has no wheel for Linux and Python ${IMAGE_PYTHON}, which is what containers have`,
        "ask for another version, or add a Dockerfile to run an image of your own",
      ),
    );
}

/** Returns where a folder's packages are asked for. */
const placeOf = (declared: readonly PlacedRequirement[], folder: string) =>
  declared[0] ?? { file: posix.join(folder, LOCK_FILE), line: 1, column: 1 };

/** Returns what is to be said of packages that are not locked; undefined if nothing is. */
export function unlockedNotice(
  folder: string,
  { state }: FolderPackages,
): { readonly message: string; readonly remedy: string } | undefined {
  if (state !== "missing" && state !== "stale") return undefined;
  const is = state === "missing" ? "are not locked" : "are no longer locked as the crew requires them";
  return {
    message: `the packages of ${folder} ${is}`,
    remedy: `run masumi-agents lock, and commit ${posix.join(folder, LOCK_FILE)}`,
  };
}
