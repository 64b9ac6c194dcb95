// Starts an entry of this package from any Node >= 20, on one that is new enough (>= 22.18), which an npm package brings if need be.
// In the repository the entry is TypeScript, and the dependencies are installed first, once.
// Plain JavaScript without dependencies, because it runs before anything is installed.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { suitableNode } from "./bundled-node.js";
import { printFailureAsJson } from "./json-failure.js";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
/** Whether this is the repository, whose TypeScript runs as it is; an installed package has JavaScript instead. */
const isRepository = existsSync(join(root, "cli/main.ts"));
/** The folder in whose node_modules the dependencies are. */
const installation = isRepository ? root : resolve(root, "../..");
const binaries = join(installation, "node_modules", ".bin");
/** Spares each start the work of stripping the types. */
const KEPT_JAVASCRIPT = "local/engine/preload/kept-javascript.cjs";

const SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function lockedPackages(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).packages : {};
}

/** True when node_modules holds exactly what package-lock.json asks for (npm keeps its own record of it). */
function isInstalled() {
  const wanted = Object.entries(lockedPackages(join(root, "package-lock.json"))).filter(
    ([path]) => path !== "",
  );
  const found = lockedPackages(join(root, "node_modules", ".package-lock.json"));
  return wanted.every(([path, { version, optional }]) =>
    found[path] ? found[path].version === version : optional === true,
  );
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(message);
  printFailureAsJson(process.argv, message);
  process.exit(1);
}

/** How long npm may take to end. It goes on unpacking long after SIGTERM. */
const NPM_ENDS_WITHIN_MS = 2_000;

/** Installs the packages. An interruption ends npm and all that it started, before this process ends. */
async function install() {
  console.error("Installing the dependencies (once, about a minute) ...");
  const npm = process.env["npm_execpath"];
  const [command, args] = npm?.endsWith(".js") ? [process.execPath, [npm, "ci"]] : ["npm", ["ci"]];
  let isInterrupted = false;
  /** @param {NodeJS.Signals} signal */
  const end = (signal) => {
    try {
      if (child.pid) process.kill(-child.pid, signal);
    } catch {
      // It has ended by itself.
    }
  };
  const interrupt = () => {
    end(isInterrupted ? "SIGKILL" : "SIGTERM");
    isInterrupted = true;
    setTimeout(() => end("SIGKILL"), NPM_ENDS_WITHIN_MS).unref();
  };
  // Before npm starts: a signal may come as soon as it has.
  for (const signal of SIGNALS) process.on(signal, interrupt);
  const child = spawn(command, [...args, "--no-fund", "--no-audit", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    // A group of its own, so that one signal reaches every process of it once, whoever sent it to whom.
    detached: true,
  });
  const code = await new Promise((done) => child.once("error", done).once("exit", done));
  for (const signal of SIGNALS) process.off(signal, interrupt);
  if (isInterrupted) {
    end("SIGKILL");
    console.error("Interrupted: the dependencies are not installed. The next command installs them.");
    process.exit(130);
  }
  if (code !== 0) fail("The packages of package-lock.json could not be installed (see above). Try: npm ci");
}

/**
 * Ends with what is wrong with a command that only a minute of installing would show.
 * @param {string[]} args
 */
async function checkFirst(args) {
  const { complaintAbout, runsCrewsHere } = await import("./before-install.js");
  const complaint = complaintAbout(args);
  if (complaint) fail(complaint);
  if (!runsCrewsHere(args, process.cwd())) return;
  const { findPython, pythonIsMissing } = await import("../providers/crew-process/local/find-python.js");
  if (findPython(process.env) !== undefined) return;
  const { what, remedy } = pythonIsMissing(process.env);
  fail(`CREW_PYTHON_MISSING: ${what}\n${remedy}`);
}

/** How a shell tells of a program's end. @type {(code: number | null, signal: NodeJS.Signals | null) => number} */
const exitCodeOf = (code, signal) => code ?? (signal ? 128 + constants.signals[signal] : 1);

/**
 * Waits for a child, which gets the signals of this process. They are handed on as SIGTERM: a terminal and `timeout` send to the whole
 * group, so that the child may have the signal already, and only ^C twice (SIGINT) is to mean impatience.
 *
 * @param {import("node:child_process").ChildProcess} child
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null }>}
 */
function ended(child) {
  const handOn = () => void child.kill("SIGTERM");
  for (const signal of SIGNALS) process.on(signal, handOn);
  return new Promise((done) => {
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code, signal) => {
      for (const name of SIGNALS) process.off(name, handOn);
      done({ code, signal });
    });
  });
}

/**
 * Returns the Node for an entry. JavaScript that makes a new project runs on any: that project may be what brings a newer one.
 *
 * @param {string} entry
 * @param {string[]} args
 */
function nodeFor(entry, args) {
  if (!isRepository && args[0] === "init") return { node: process.execPath };
  const found = suitableNode({ root: installation, args: entry === "cli/main.ts" ? args : [] });
  return "complaint" in found ? fail(found.complaint) : found;
}

/**
 * Runs `entry` (its TypeScript, relative to the package's folder) and ends this process with its exit code.
 * @param {string} entry
 * @param {string[]} args
 */
export async function launch(entry, args) {
  if (isRepository && !isInstalled()) {
    if (entry === "cli/main.ts") await checkFirst(args);
    await install();
  }
  const { node } = nodeFor(entry, args);
  const path = [dirname(node), binaries, process.env["PATH"]].filter(Boolean).join(delimiter);
  const flags = isRepository ? ["--require", join(root, KEPT_JAVASCRIPT)] : [];
  const file = join(root, isRepository ? entry : entry.replace(/\.ts$/, ".js"));
  const child = spawn(node, [...flags, file, ...args], {
    stdio: "inherit",
    // Compiled code is kept between runs: the program, its provider host and this command load the same large SDK.
    env: {
      NODE_COMPILE_CACHE: join(installation, "node_modules", ".cache", "node"),
      ...process.env,
      PATH: path,
      NODE_NO_WARNINGS: "1",
    },
  });
  const { code, signal } = await ended(child);
  process.exit(exitCodeOf(code, signal));
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [entry, ...args] = process.argv.slice(2);
  if (!entry) throw new Error("usage: node cli/launch.js <entry.ts> [arguments]");
  await launch(entry, args);
}
