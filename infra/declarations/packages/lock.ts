import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { parse } from "smol-toml";
import { z } from "zod";
import type { Complaint } from "../load/complaint.ts";
import { filesInFolder } from "../load/build-folder.ts";
import { extrasAskedFor } from "./extras.ts";
import { type PlacedRequirement, readProjectFiles } from "./project-files.ts";
import type { RuntimePackages } from "./runtime.ts";

/** The lock of a folder's packages, beside its code: a lock file of the standard (PEP 751). */
export const LOCK_FILE = "pylock.masumi.toml";

/** The table of ours in a lock; the standard leaves [tool] to tools. */
export const LOCK_TABLE = "masumi-agents";

/** A package in the version that a lock names. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
}

/** The same with what it may be installed from. */
export interface LockedWheels extends LockedPackage {
  /** Where the package is needed, as a marker of PEP 508; absent if everywhere. */
  readonly marker?: string | undefined;
  /** The names of the files. */
  readonly wheels: readonly string[];
}

/** What a folder's code needs beside the packages of the crew runtime. */
export interface WantedPackages {
  /** The author's requirements, with their places. */
  readonly declared: readonly PlacedRequirement[];
  /** All that is to be locked: the author's requirements, and those of the extras that the code asks for. */
  readonly requirements: readonly string[];
  /** Extras of the crew runtime, by name. */
  readonly extras: readonly string[];
  /** Of all that decides what is locked; it is kept in the lock. */
  readonly digest: string;
  /** Whether there is anything to lock that the runtime does not have. */
  readonly needsLock: boolean;
  readonly complaints: readonly Complaint[];
}

/** A lock as it is on the disk. */
export interface PackageLock {
  /** Relative to the project's root. */
  readonly file: string;
  readonly text: string;
  readonly packages: readonly LockedWheels[];
  /** Of what it was made for; empty if another tool made it. */
  readonly digest: string;
}

/** What a folder's code needs, and the lock that there is. */
export interface FolderPackages {
  readonly wanted: WantedPackages;
  readonly lock: PackageLock | undefined;
  /** `none`: there is nothing to lock. */
  readonly state: "none" | "locked" | "missing" | "stale";
}

/** What is installed is a file of an index by its hash, whatever else the standard allows: no folder, no repository, no archive. */
const packageSchema = z.object({
  name: z.string(),
  version: z.string(),
  marker: z.string().optional(),
  wheels: z.array(
    z.object({
      url: z.url({ protocol: /^https?$/ }),
      hashes: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
      path: z.never().optional(),
    }),
  ),
  vcs: z.never().optional(),
  directory: z.never().optional(),
  archive: z.never().optional(),
});

const lockSchema = z.object({
  packages: z.array(packageSchema).default([]),
  tool: z.object({ [LOCK_TABLE]: z.object({ requirements: z.string() }) }).optional(),
});

/** Reads what a folder's code needs and what is locked, without a network. `folder` is relative to the project's root. */
export function folderPackages(
  projectRoot: string,
  folder: string,
  runtime: () => RuntimePackages,
): FolderPackages {
  const wanted = wantedPackages(projectRoot, folder, runtime);
  const lock = readLock(projectRoot, folder);
  if (!wanted.needsLock) return { wanted, lock, state: "none" };
  const state = lock === undefined ? "missing" : lock.digest === wanted.digest ? "locked" : "stale";
  return { wanted, lock, state };
}

function wantedPackages(projectRoot: string, folder: string, runtime: () => RuntimePackages): WantedPackages {
  const files = filesInFolder(join(projectRoot, folder));
  const { requirements: declared, complaints } = readProjectFiles(projectRoot, folder, files);
  const extras = extrasAskedFor(join(projectRoot, folder), files);
  if (declared.length === 0 && extras.length === 0) {
    return { declared, requirements: [], extras, digest: "", needsLock: false, complaints };
  }
  const { pins, installed, extras: known, requiresPython } = runtime();
  const requirements = [
    ...new Set([...declared.map(({ text }) => text), ...extras.flatMap((extra) => known.get(extra) ?? [])]),
  ].toSorted();
  const needsLock =
    extras.length > 0 || declared.some(({ name, extras: of }) => !installed.has(name) || of.length > 0);
  const own = files.includes("uv.lock") ? readFileSync(join(projectRoot, folder, "uv.lock"), "utf8") : "";
  const digest = createHash("sha256")
    .update(JSON.stringify([requirements, pins, requiresPython, own]))
    .digest("hex");
  return { declared, requirements, extras, digest, needsLock, complaints };
}

/** Returns the lock of a folder, relative to the project's root; undefined if there is none that can be read. */
export function readLock(projectRoot: string, folder: string): PackageLock | undefined {
  const file = posix.join(folder, LOCK_FILE);
  if (!existsSync(join(projectRoot, file))) return undefined;
  const text = readFileSync(join(projectRoot, file), "utf8");
  const read = lockSchema.safeParse(parsed(text));
  if (!read.success) return undefined;
  const packages = read.data.packages.map(({ name, version, marker, wheels }) => ({
    name,
    version,
    marker,
    wheels: wheels.map(({ url }) => posix.basename(new URL(url).pathname)),
  }));
  return { file, text, packages, digest: read.data.tool?.[LOCK_TABLE].requirements ?? "" };
}

/** A lock that a merge has spoilt is made anew. */
function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
