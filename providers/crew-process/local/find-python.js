// Plain JavaScript without dependencies: the launcher asks before anything is installed, from any Node >= 20.
import { spawnSync } from "node:child_process";

const CANDIDATES = ["python3.13", "python3.12", "python3.11", "python3", "python"];
const TEST = "import sys, venv; sys.exit(0 if (3, 11) <= sys.version_info[:2] < (3, 14) else 1)";
const ANSWERS_WITHIN_MS = 20_000;

/**
 * Returns the programs that may be a Python for the crews: the one of MASUMI_PYTHON, else the usual names.
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {readonly string[]}
 */
export function pythonCandidates(env) {
  const wanted = env["MASUMI_PYTHON"];
  return wanted ? [wanted] : CANDIDATES;
}

/**
 * Returns a Python 3.11 to 3.13 with the venv module, if there is one.
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {string | undefined}
 */
export function findPython(env) {
  return pythonCandidates(env).find(
    (candidate) =>
      spawnSync(candidate, ["-c", TEST], { stdio: "ignore", timeout: ANSWERS_WITHIN_MS }).status === 0,
  );
}

/**
 * Says that there is none, and what to do.
 * @param {Readonly<Record<string, string | undefined>>} env
 */
export const pythonIsMissing = (env) => ({
  what: `No Python 3.11 to 3.13 with the venv module was found (tried ${pythonCandidates(env).join(", ")}).`,
  remedy: "Install one (on Debian: apt install python3 python3-venv), or set its path in MASUMI_PYTHON.",
});
