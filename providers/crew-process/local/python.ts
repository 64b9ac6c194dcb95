import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeAtomicallySync } from "../../common/atomic-write.ts";
import { withLockFile } from "../../common/lock-file.ts";
import { CrewProcessError } from "./errors.ts";
import { findPython, pythonIsMissing } from "./find-python.js";
import { runInstaller } from "./installer.ts";

/** Names uv with its hashes, which creates the environment exactly as in crew/uv.lock. */
const INSTALLER = "installer/requirements.txt";

export interface PythonEnvironment {
  /** Folder of the virtual environment, which all crews of this project share. */
  readonly venv: string;
  readonly python: string;
  /** The pinned installer. */
  readonly uv: string;
}

export interface InstallOptions {
  /** Folder of the crew runtime (pyproject.toml, uv.lock, installer/). */
  readonly crewFolder: string;
  readonly venv: string;
  /** Also install what the runtime's own tests need. Default false. */
  readonly dev?: boolean;
  readonly onProgress?: (message: string) => void;
}

function usablePython(): string {
  const found = findPython(process.env);
  if (found) return found;
  const { what, remedy } = pythonIsMissing(process.env);
  throw new CrewProcessError("CREW_PYTHON_MISSING", what, remedy);
}

function digestOf(crewFolder: string, files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(join(crewFolder, file)));
  return hash.digest("hex");
}

const lockDigest = (crewFolder: string, dev: boolean): string =>
  `${digestOf(crewFolder, [INSTALLER, "pyproject.toml", "uv.lock"])} ${dev ? "dev" : "runtime"}`;

const isMarked = (marker: string, digests: readonly string[]): boolean =>
  existsSync(marker) && digests.includes(readFileSync(marker, "utf8"));

const isReady = (marker: string, crewFolder: string, dev: boolean): boolean =>
  isMarked(marker, [lockDigest(crewFolder, dev), lockDigest(crewFolder, true)]) &&
  hasRuntime(dirname(marker));

/** Whether the folder is still there that the runtime was installed from: a project may have moved from a clone to the package. */
const hasRuntime = (venv: string): boolean =>
  globSync("lib/python3.*/site-packages/*crew_runtime*.pth", { cwd: venv }).every((file) =>
    existsSync(readFileSync(join(venv, file), "utf8").trim()),
  );

const run = (command: string, args: readonly string[], env: NodeJS.ProcessEnv) =>
  runInstaller(command, args, { env, what: "Installing the crew runtime's packages" });

/**
 * Creates the crews' Python environment unless it is up to date: about half a minute the first time, milliseconds
 * afterwards. It is updated when the lock file changes.
 *
 * @throws CrewProcessError CREW_PYTHON_MISSING, CREW_INSTALL_FAILED
 */
export async function ensurePythonEnvironment(options: InstallOptions): Promise<PythonEnvironment> {
  const { crewFolder, venv, dev = false, onProgress } = options;
  const environment = environmentIn(venv);
  const marker = join(venv, "installed");
  if (isReady(marker, crewFolder, dev)) return environment;

  mkdirSync(dirname(venv), { recursive: true, mode: 0o700 });
  // Crews start in parallel and share the environment.
  return withLockFile(`${venv}.lock`, async () => {
    if (isReady(marker, crewFolder, dev)) return environment;
    onProgress?.("Installing the crews' Python packages (once, about a minute) ...");
    await addInstaller(environment, crewFolder);
    const sync = ["sync", "--frozen", "--inexact", "--project", crewFolder, ...(dev ? [] : ["--no-dev"])];
    await run(environment.uv, sync, {
      ...process.env,
      UV_PROJECT_ENVIRONMENT: venv,
      // The machine's own certificates include those of a company proxy; uv's bundled ones do not.
      UV_SYSTEM_CERTS: "1",
    });
    writeAtomicallySync(marker, lockDigest(crewFolder, dev));
    return environment;
  });
}

/**
 * Creates as much of the crews' Python environment as its pinned installer needs, unless that is there: a few seconds. Enough for
 * whoever installs packages for another machine.
 *
 * @throws CrewProcessError CREW_PYTHON_MISSING, CREW_INSTALL_FAILED
 */
export async function ensureInstaller({
  crewFolder,
  venv,
}: Pick<InstallOptions, "crewFolder" | "venv">): Promise<PythonEnvironment> {
  const environment = environmentIn(venv);
  mkdirSync(dirname(venv), { recursive: true, mode: 0o700 });
  await withLockFile(`${venv}.lock`, () => addInstaller(environment, crewFolder));
  return environment;
}

const environmentIn = (venv: string): PythonEnvironment => ({
  venv,
  python: join(venv, "bin", "python"),
  uv: join(venv, "bin", "uv"),
});

async function addInstaller({ venv, python }: PythonEnvironment, crewFolder: string): Promise<void> {
  const marker = join(venv, "installer");
  const digest = digestOf(crewFolder, [INSTALLER]);
  if (isMarked(marker, [digest])) return;
  // pip comes last: one that was interrupted is made again.
  if (!existsSync(join(venv, "bin", "pip"))) await run(usablePython(), ["-m", "venv", venv], process.env);
  const installer = ["--require-hashes", "--only-binary=:all:", "-r", join(crewFolder, INSTALLER)];
  await run(python, ["-m", "pip", "install", "--quiet", ...installer], process.env);
  writeAtomicallySync(marker, digest);
}
