import { createHash } from "node:crypto";
import {
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { withLockFile } from "../../common/lock-file.ts";
import { CrewProcessError } from "./errors.ts";
import { runInstaller } from "./installer.ts";
import { inCrewHomes, packagesFolder, tryHome } from "./paths.ts";
import type { PythonEnvironment } from "./python.ts";

/** Returns where a crew looks for the packages of a lock, relative to its own folder. */
export const packagesOf = (lock: string): string =>
  `packages/${createHash("sha256").update(lock).digest("hex").slice(0, 16)}`;

/** Returns where the lock of an agent's packages is put for the next start of its crew. */
export const lockOf = (home: string): string => join(home, "pylock.toml");

/** In a folder of packages: the Python that they were installed for. */
const MARKER = ".installed-for";

/** What looks for packages in its own folder: a crew, or an agent that is tried. */
export interface PackagesUser {
  readonly projectRoot: string;
  readonly home: string;
}

/**
 * Makes an agent's packages be there. Agents with the same lock share them; their files are hard links to uv's cache, so a further
 * folder costs seconds and hardly any space.
 *
 * @param folder what packagesOf returns for the lock
 * @param file where the lock is
 * @throws CrewProcessError CREW_INSTALL_FAILED
 */
export async function addPackages(
  { projectRoot, home }: PackagesUser,
  folder: string,
  environment: PythonEnvironment,
  file = lockOf(home),
): Promise<void> {
  const lock = readDecidedLock(file, folder);
  const shared = packagesFolder(projectRoot);
  await inOrder(shared, async () => {
    await install(join(shared, basename(folder)), lock, environment);
    link(join(home, folder), join(shared, basename(folder)));
  });
}

/** Reads the lock that a run decided on. @throws CrewProcessError CREW_INSTALL_FAILED if another one is there now */
export function readDecidedLock(file: string, folder: string): string {
  const lock = readFileSync(file, "utf8");
  if (packagesOf(lock) === folder) return lock;
  throw otherLock(file);
}

const otherLock = (file: string) =>
  new CrewProcessError(
    "CREW_INSTALL_FAILED",
    `${file} is not the lock that this run decided on: another run has written it meanwhile.`,
    "Run the command again.",
  );

/**
 * Removes an agent's packages but those that it uses now, unless another agent uses them.
 *
 * @param used undefined if it uses none
 */
export async function dropPackages({ projectRoot, home }: PackagesUser, used?: string): Promise<void> {
  const own = join(home, "packages");
  if (!existsSync(own)) return;
  await inOrder(packagesFolder(projectRoot), () => {
    for (const name of readdirSync(own)) {
      if (`packages/${name}` !== used) rmSync(join(own, name), { recursive: true, force: true });
    }
    removeUnused(projectRoot);
  });
}

/** Removes the packages that nothing uses any more. */
export async function dropUnusedPackages(projectRoot: string): Promise<void> {
  if (!existsSync(packagesFolder(projectRoot))) return;
  await inOrder(packagesFolder(projectRoot), () => removeUnused(projectRoot));
}

/** Crews start in parallel, and what one makes another may be about to remove. */
async function inOrder(shared: string, work: () => Promise<void> | void): Promise<void> {
  mkdirSync(shared, { recursive: true, mode: 0o700 });
  await withLockFile(`${shared}.lock`, async () => work());
}

/** Installs a lock into a folder, which is whole as soon as it exists. */
async function install(folder: string, lock: string, { python, uv }: PythonEnvironment): Promise<void> {
  const version = pythonOf(python);
  if (existsSync(join(folder, MARKER)) && readFileSync(join(folder, MARKER), "utf8") === version) return;
  const draft = `${folder}.draft`;
  for (const left of [draft, folder]) rmSync(left, { recursive: true, force: true });
  mkdirSync(draft);
  await installLock(draft, lock, { python, uv }, ["--compile-bytecode"]);
  writeFileSync(join(draft, MARKER), version);
  renameSync(draft, folder);
}

/**
 * Installs a lock into an empty folder, each package checked against its hash and none built from source.
 *
 * @param options what else uv is told
 * @throws CrewProcessError CREW_INSTALL_FAILED
 */
export async function installLock(
  folder: string,
  lock: string,
  { python, uv }: Pick<PythonEnvironment, "python" | "uv">,
  options: readonly string[],
): Promise<void> {
  const file = join(folder, "pylock.toml");
  writeFileSync(file, lock);
  const from = ["--no-build", "--no-deps", "--require-hashes", "--preview-features=pylock", "-r", file];
  const to = ["--python", python, "--target", folder, ...options];
  await runInstaller(uv, ["pip", "install", "--quiet", ...from, ...to], {
    cwd: folder,
    env: { ...process.env, UV_SYSTEM_CERTS: "1" },
    what: "Installing the crew's own packages",
  });
}

/** Returns what a virtual environment says about its Python: packages are installed for one version. */
const pythonOf = (python: string): string =>
  /^version = (.*)$/m.exec(readFileSync(join(dirname(python), "..", "pyvenv.cfg"), "utf8"))?.[1] ?? "";

function link(from: string, to: string): void {
  if (existsSync(from)) return;
  mkdirSync(dirname(from), { recursive: true });
  rmSync(from, { force: true });
  symlinkSync(relative(dirname(from), to), from);
}

/** Removes folders that no crew links to, no agent that is tried, and no shared agent or version of it that a job may be done by. */
function removeUnused(projectRoot: string): void {
  const shared = packagesFolder(projectRoot);
  const users = [
    ...inCrewHomes(projectRoot, "packages/*"),
    ...inCrewHomes(projectRoot, "agents/*/packages/*"),
    ...inCrewHomes(projectRoot, "data/hosted/*/declared/*/packages/*"),
    tryHome(projectRoot, "*/packages/*"),
  ];
  const used = new Set(
    users
      .flatMap((pattern) => globSync(pattern))
      .filter((path) => lstatSync(path).isSymbolicLink())
      .map((path) => basename(readlinkSync(path))),
  );
  for (const name of readdirSync(shared)) {
    if (!used.has(name)) rmSync(join(shared, name), { recursive: true, force: true });
  }
}
