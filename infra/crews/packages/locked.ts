import { packagesOf } from "../../../providers/crew-process/local/index.ts";
import { type LockedPackage, packagesReader, unlockedNotice } from "../../declarations/index.ts";
import { HostingError } from "../errors.ts";

/** The packages of an agent's code, as they are installed. */
export interface LockedPackages {
  /** Relative to crew.json: `packages/<digest of the lock>`. */
  readonly folder: string;
  /** The text of the lock. */
  readonly lock: string;
  readonly packages: readonly LockedPackage[];
}

/**
 * Returns what is to be installed for a folder's code; undefined if it needs nothing beside the runtime's packages.
 *
 * @throws HostingError PACKAGES_NOT_LOCKED
 */
export function lockedPackages(projectRoot: string, folder: string): LockedPackages | undefined {
  const found = packagesReader(projectRoot)(folder);
  const notice = unlockedNotice(folder, found);
  if (notice) {
    const remedy = `${notice.remedy[0]?.toUpperCase() ?? ""}${notice.remedy.slice(1)}.`;
    throw new HostingError("PACKAGES_NOT_LOCKED", `${notice.message}.`, remedy);
  }
  const { lock, state } = found;
  if (!lock || state === "none") return undefined;
  return { folder: packagesOf(lock.text), lock: lock.text, packages: lock.packages };
}
