import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeAtomicallySync } from "../../common/atomic-write.ts";
import { withLockFile } from "../../common/lock-file.ts";
import { CrewProcessError } from "./errors.ts";
import { findPython, pythonIsMissing } from "./find-python.js";

/** Names uv with its hashes, which creates the environment exactly as in crew/uv.lock. */
const INSTALLER = "installer/requirements.txt";
const INSTALL_TIMEOUT_MS = 15 * 60_000;

export interface PythonEnvironment {
  /** Folder of the virtual environment, which all crews of this project share. */
  readonly venv: string;
  readonly python: string;
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

/** Runs a program, and ends it when the standard input ends: that of a child does, when its parent is gone. */
const UNTIL_INPUT_ENDS =
  'exec 3<&0; "$@" </dev/null & work=$!; { cat <&3 >/dev/null; kill "$work"; } 2>/dev/null & watch=$!; ' +
  'wait "$work"; code=$?; kill "$watch"; exit "$code"';

/** Runs an installer, which must not outlive this process, however that ends. */
function run(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn("sh", ["-c", UNTIL_INPUT_ENDS, "sh", command, ...args], {
      env,
      stdio: ["pipe", "pipe", "pipe"],
      timeout: INSTALL_TIMEOUT_MS,
    });
    let tail = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-2000)));
    }
    const failed = (reason: string) =>
      fail(
        new CrewProcessError(
          "CREW_INSTALL_FAILED",
          `Installing the crew runtime's packages failed (${reason}): ${tail.trim()}`,
          "Check that the Python package index can be reached, then run the command again.",
        ),
      );
    child.on("error", (error) => failed(error.message));
    child.on("exit", (code, signal) => (code === 0 ? done() : failed(signal ?? `exit code ${code}`)));
  });
}

/**
 * Creates the crews' Python environment unless it is up to date: about half a minute the first time, milliseconds
 * afterwards. It is updated when the lock file changes.
 *
 * @throws CrewProcessError CREW_PYTHON_MISSING, CREW_INSTALL_FAILED
 */
export async function ensurePythonEnvironment(options: InstallOptions): Promise<PythonEnvironment> {
  const { crewFolder, venv, dev = false, onProgress } = options;
  const environment = { venv, python: join(venv, "bin", "python") };
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
    await run(join(venv, "bin", "uv"), sync, {
      ...process.env,
      UV_PROJECT_ENVIRONMENT: venv,
      // The machine's own certificates include those of a company proxy; uv's bundled ones do not.
      UV_SYSTEM_CERTS: "1",
    });
    writeAtomicallySync(marker, lockDigest(crewFolder, dev));
    return environment;
  });
}
