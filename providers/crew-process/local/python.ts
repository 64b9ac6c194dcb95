import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
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

function lockDigest(crewFolder: string, dev: boolean): string {
  const hash = createHash("sha256");
  for (const file of [INSTALLER, "pyproject.toml", "uv.lock"])
    hash.update(readFileSync(join(crewFolder, file)));
  return `${hash.digest("hex")} ${dev ? "dev" : "runtime"}`;
}

function isReady(marker: string, crewFolder: string, dev: boolean): boolean {
  if (!existsSync(marker)) return false;
  const installed = readFileSync(marker, "utf8");
  return [lockDigest(crewFolder, dev), lockDigest(crewFolder, true)].includes(installed);
}

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
  const environment = { venv, python: join(venv, "bin", "python"), uv: join(venv, "bin", "uv") };
  const marker = join(venv, "installed");
  if (isReady(marker, crewFolder, dev)) return environment;

  mkdirSync(dirname(venv), { recursive: true, mode: 0o700 });
  // Crews start in parallel and share the environment.
  return withLockFile(`${venv}.lock`, async () => {
    if (isReady(marker, crewFolder, dev)) return environment;
    const python = usablePython();
    onProgress?.("Installing the crews' Python packages (once, about a minute) ...");
    // pip comes last: one that was interrupted is made again.
    if (!existsSync(join(venv, "bin", "pip"))) await run(python, ["-m", "venv", venv], process.env);
    const installer = ["--require-hashes", "--only-binary=:all:", "-r", join(crewFolder, INSTALLER)];
    await run(environment.python, ["-m", "pip", "install", "--quiet", ...installer], process.env);
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
