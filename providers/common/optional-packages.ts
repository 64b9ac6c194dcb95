import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { CodedError } from "./coded-error.ts";
import { PACKAGE_ROOT } from "./own-files.ts";

export type PackageErrorCode = "PACKAGE_MISSING";

/** A package is not installed that only some stacks need (docs/errors.md). */
export class PackageError extends CodedError<PackageErrorCode> {
  override readonly name = "PackageError";
}

type Versions = Readonly<Record<string, string>>;

interface Manifest {
  readonly dependencies?: Versions;
  readonly peerDependencies?: Versions;
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(PACKAGE_ROOT, folder, "package.json"), "utf8")) as Manifest;

/** Whether a package is loaded only where a hosting, a bucket or a log is in the cloud, or on a Docker engine. */
export const isOfCloud = (name: string): boolean => /^@(pulumi\/(aws|docker)|aws-sdk\/.*)$/.test(name);

/** What every bucket needs. */
export const BUCKET_PACKAGE = "@aws-sdk/client-s3";

/** Returns the packages that the portal needs, and nothing else does. */
export const portalPackages = (): string[] => Object.keys(manifestOf("portal").dependencies ?? {});

const isInstalled = (name: string, from: string): boolean => {
  try {
    createRequire(from).resolve(`${name}/package.json`);
    return true;
  } catch (error) {
    // Whatever else is wrong with it, it is there.
    return (error as { code?: unknown }).code !== "MODULE_NOT_FOUND";
  }
};

/**
 * Returns the command that installs those of the packages which are missing, in the versions that this package is made for; undefined if
 * none is.
 *
 * @param from a file or folder that needs them. @default this package
 */
export function commandForMissing(names: readonly string[], from = `${PACKAGE_ROOT}/`): string | undefined {
  const missing = [...new Set(names)].filter((name) => !isInstalled(name, from));
  if (missing.length === 0) return undefined;
  const { dependencies, peerDependencies } = manifestOf(".");
  const versions = { ...manifestOf("portal").dependencies, ...dependencies, ...peerDependencies };
  return `npm install ${missing.map((name) => `${name}@${versions[name] ?? "latest"}`).join(" ")}`;
}

/** Makes sure that packages are there before they are loaded. @throws PackageError PACKAGE_MISSING */
export function requirePackages(user: string, names: readonly string[], from?: string): void {
  const command = commandForMissing(names, from);
  if (command === undefined) return;
  throw new PackageError(
    "PACKAGE_MISSING",
    `${user} needs packages that are not installed.`,
    `Install them: ${command}`,
  );
}
