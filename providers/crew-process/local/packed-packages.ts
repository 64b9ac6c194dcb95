import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { basename, join } from "node:path";
import { withLockFile } from "../../common/lock-file.ts";
import { CrewProcessError } from "./errors.ts";
import { runInstaller } from "./installer.ts";
import { installLock, readDecidedLock } from "./packages.ts";
import { crewFolder, crewVenv, packedFolder } from "./paths.ts";
import { ensureInstaller } from "./python.ts";

/** The container that packages are installed for. */
export interface PackagesTarget {
  readonly platform: string;
  /** The version of Python in it, such as `3.12`. */
  readonly python: string;
}

/** By the platform of a container: what uv calls it. Its C library is that of the runtime's image, or newer. */
const PLATFORMS: Readonly<Record<string, string>> = {
  "linux/amd64": "x86_64-manylinux_2_36",
  "linux/arm64": "aarch64-manylinux_2_36",
};

/** The archive is sent, and received, as a whole. */
const MEBIBYTE = 1024 * 1024;
const MAX_PACKED_BYTES = 256 * MEBIBYTE;
/** What the crew service unpacks at most (crew_runtime/agents/packages.py). */
const MAX_UNPACKED_BYTES = 2048 * MEBIBYTE;
/** An archive that was not asked for in so long is removed; it is made again if it is needed. */
const KEPT_MS = 30 * 86_400_000;

/**
 * Returns the file of an archive (.tar.gz) with the packages of a lock, as they are installed in a container. It is made once for
 * each lock and target, and needs neither that platform nor that Python here: wheels are only unpacked.
 *
 * @param folder what packagesOf returns for the lock
 * @param lockFile where the lock is
 * @throws CrewProcessError CREW_INSTALL_FAILED, CREW_PYTHON_MISSING
 */
export async function packedPackages(
  projectRoot: string,
  folder: string,
  lockFile: string,
  { platform, python: version }: PackagesTarget,
): Promise<string> {
  const uvPlatform = PLATFORMS[platform];
  if (uvPlatform === undefined) throw new Error(`no packages can be installed for ${platform}`);
  const lock = readDecidedLock(lockFile, folder);
  const packed = packedFolder(projectRoot);
  const archive = join(packed, `${basename(folder)}-${uvPlatform}-${version}.tgz`);
  mkdirSync(packed, { recursive: true, mode: 0o700 });
  await withLockFile(`${archive}.lock`, async () => {
    if (existsSync(archive)) return utimesSync(archive, new Date(), new Date());
    const environment = await ensureInstaller({
      crewFolder: crewFolder(projectRoot),
      venv: crewVenv(projectRoot),
    });
    const draft = `${archive}.draft`;
    const contents = join(draft, "contents");
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(contents, { recursive: true });
    try {
      const target = ["--python-platform", uvPlatform, "--python-version", version];
      await installLock(contents, lock, environment, target);
      for (const left of ["pylock.toml", ".lock"]) rmSync(join(contents, left), { force: true });
      const made = join(draft, "packages.tgz");
      await pack(environment.python, contents, made);
      renameSync(made, archive);
      removeUnused(packed);
    } finally {
      rmSync(draft, { recursive: true });
    }
  });
  return archive;
}

function removeUnused(packed: string): void {
  for (const name of readdirSync(packed).filter((file) => file.endsWith(".tgz"))) {
    const found = statSync(join(packed, name), { throwIfNoEntry: false });
    if (found && Date.now() - found.mtimeMs > KEPT_MS) rmSync(join(packed, name), { force: true });
  }
}

function bytesIn(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return entries.reduce((bytes, name) => bytes + lstatSync(join(folder, name)).size, 0);
}

const tooLarge = (bytes: number, how: string, most: number) =>
  new CrewProcessError(
    "CREW_INSTALL_FAILED",
    `The crew's own packages are ${(bytes / MEBIBYTE).toFixed(0)} MiB ${how}; the shared crew service takes at most ` +
      `${most / MEBIBYTE} MiB for an agent.`,
    "Remove the largest ones, or choose another hosting for the agent: in an image of its own they may be larger.",
  );

async function pack(python: string, folder: string, archive: string): Promise<void> {
  const unpacked = bytesIn(folder);
  if (unpacked > MAX_UNPACKED_BYTES) throw tooLarge(unpacked, "unpacked", MAX_UNPACKED_BYTES);
  await runInstaller(python, ["-I", "-m", "tarfile", "-c", archive, "."], {
    cwd: folder,
    env: process.env,
    what: "Packing the crew's own packages",
  });
  const { size } = statSync(archive);
  if (size > MAX_PACKED_BYTES) throw tooLarge(size, "as an archive", MAX_PACKED_BYTES);
}
