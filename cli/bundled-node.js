/* Which Node runs the project. Plain JavaScript without packages: read by any Node >= 20, before the one that it finds. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import { LOCAL_STACK } from "../providers/common/local-stack.js";
import { isNpmNode, NPM_NODE_VARIABLE, refusalOfNpmNode } from "../providers/common/npm-node.js";

/**
 * The binaries of the packages that bring one, and the archive of the Node project that each is taken from: a scheduled workflow compares
 * them with what the project publishes and signs.
 *
 * @type {Record<string, { version: string, archive: string, sha256: string }>}
 */
const KNOWN = JSON.parse(readFileSync(new URL("./bundled-node.json", import.meta.url), "utf8"));

const VERSION_WITHIN_MS = 5_000;

/** Commands that read or write files alone, for whatever stack: none of its keys is used, and nothing is sent. */
const KEYLESS = new Set(["validate", "new"]);

/** @param {readonly string[]} args */
const isKeyless = (args) => {
  const command = commandOf(args) ?? "";
  // Its template is a file; only the application of that asks AWS.
  return KEYLESS.has(command) || (command === "bootstrap" && !args.includes("--apply"));
};

/**
 * Return the Node for a command: this one, if it strips types and was installed on the machine. Otherwise the one of the npm package for
 * this platform, but for local stacks and commands without keys alone.
 *
 * @param {{ root: string, args: readonly string[], cwd?: string, env?: NodeJS.ProcessEnv, version?: string, execPath?: string }} options
 * `root`: the folder of node_modules; `args`: the words of masumi-agents, empty for anything else
 * @returns {{ node: string } | { complaint: string }}
 */
export function suitableNode({
  root,
  args,
  cwd = process.cwd(),
  env = process.env,
  version = process.versions.node,
  execPath = process.execPath,
}) {
  const own = isNpmNode(execPath) ? ownNode(env["PATH"] ?? "") : { node: execPath, version };
  if (own && stripsTypes(own.version)) return { node: own.node };
  const link = join(root, "node_modules", ".bin", "node");
  if (!existsSync(link)) {
    return {
      complaint: `masumi-agents needs Node >= 22.18, and this is ${version}. Install Node 22.18 or newer${orFromNpm()}.`,
    };
  }
  const stack = isKeyless(args) ? LOCAL_STACK : stackOf(args, cwd);
  const refusal = refusalOfNpmNode(stack, env[NPM_NODE_VARIABLE]);
  if (refusal) {
    return {
      complaint: unknownStack(stack, args, cwd) ?? `NODE_FROM_NPM: ${refusal.what}\n${refusal.remedy}`,
    };
  }
  const node = realpathSync(link);
  const found = isKnown(node, join(root, "node_modules", ".cache"));
  return found ? { node } : { complaint: unknownBinary(node) };
}

/**
 * Return that a stack has no file, where one has to; another Node would not help there. `stack` makes and finds them.
 *
 * @param {string} stack
 * @param {readonly string[]} args
 * @param {string} cwd
 */
function unknownStack(stack, args, cwd) {
  const root = rootOf(args, cwd);
  const hasFile = existsSync(join(root, `Pulumi.${stack}.yaml`));
  if (hasFile || !existsSync(join(root, "Pulumi.yaml")) || commandOf(args) === "stack") return undefined;
  return (
    `There is no stack "${stack}": ${join(root, `Pulumi.${stack}.yaml`)} does not exist. ` +
    `Name another, or make it: npx masumi-agents stack init ${stack}`
  );
}

/**
 * Return the machine's own Node: the first on PATH that npm did not bring. npx puts its own before all others.
 *
 * @param {string} path
 * @returns {{ node: string, version: string } | undefined}
 */
function ownNode(path) {
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const node = join(folder, "node");
    if (!existsSync(node) || isNpmNode(node)) continue;
    const { status, stdout } = spawnSync(node, ["--version"], {
      encoding: "utf8",
      timeout: VERSION_WITHIN_MS,
    });
    if (status === 0) return { node, version: stdout.trim().replace(/^v/, "") };
  }
  return undefined;
}

/** Return how npm brings a Node for this platform, if it does. */
function orFromNpm() {
  const platform = `${process.platform}-${process.arch}`;
  const [name, { version } = { version: "" }] =
    Object.entries(KNOWN).find(([key]) => key.endsWith(platform)) ?? [];
  return name === undefined
    ? ""
    : `, or, for local stacks alone: npm install --save-optional ${name}@${version}`;
}

/** @param {string} node */
const unknownBinary = (node) =>
  `${node} is not the Node that this version of masumi-agents knows (cli/bundled-node.json), so it was not started. ` +
  "Install the packages again (npm ci), or Node 22.18 or newer.";

/** @param {string} version */
export function stripsTypes(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 23 || (major === 22 && minor >= 18) || (major === 23 && minor >= 6);
}

/**
 * Return the first word that is neither an option of the program nor its value.
 *
 * @param {readonly string[]} args
 * @returns {string | undefined}
 */
function commandOf([word, ...rest]) {
  if (word === "-C" || word === "--cwd") return commandOf(rest.slice(1));
  return word?.startsWith("-") ? commandOf(rest) : word;
}

/**
 * Return the stack that a command means: the one it names, else the one that was selected in the project's clone.
 *
 * @param {readonly string[]} args
 * @param {string} cwd
 */
export function stackOf(args, cwd) {
  const named = valueOf(args, ["-s", "--stack"]);
  if (named) return named.split("/").at(-1) ?? named;
  const selected = join(rootOf(args, cwd), ".masumi/selected-stack");
  return (existsSync(selected) && readFileSync(selected, "utf8").trim()) || LOCAL_STACK;
}

/**
 * Return the last value that an option has, written as `-s x`, `-sx`, `--stack x` or `--stack=x`.
 *
 * @param {readonly string[]} args
 * @param {readonly [short: string, long: string]} names
 */
function valueOf(args, [short, long]) {
  /** @type {string | undefined} */
  let found;
  for (const [index, word] of args.entries()) {
    if (word === "--") break;
    if (word === short || word === long) found = args[index + 1];
    else if (word.startsWith(`${long}=`)) found = word.slice(long.length + 1);
    else if (word.startsWith(short) && !word.startsWith("--"))
      found = word.slice(short.length).replace(/^=/, "");
  }
  return found;
}

/** @param {readonly string[]} args @param {string} cwd */
const rootOf = (args, cwd) => projectRoot(resolve(cwd, valueOf(args, ["-C", "--cwd"]) ?? "."));

/** @param {string} folder @returns {string} */
function projectRoot(folder) {
  const above = dirname(folder);
  return existsSync(join(folder, "Pulumi.yaml")) || above === folder ? folder : projectRoot(above);
}

/**
 * Return whether a binary is one that is known. Reading it takes a third of a second, so that is done once after an installation.
 *
 * @param {string} node
 * @param {string} cache
 */
function isKnown(node, cache) {
  const { size, mtimeMs } = statSync(node);
  const seen = `${node} ${size} ${mtimeMs} ${JSON.stringify(KNOWN)}`;
  const note = join(cache, "bundled-node");
  if (existsSync(note) && readFileSync(note, "utf8") === seen) return true;
  const sum = createHash("sha256").update(readFileSync(node)).digest("hex");
  if (!Object.values(KNOWN).some(({ sha256 }) => sha256 === sum)) return false;
  mkdirSync(cache, { recursive: true });
  writeFileSync(note, seen);
  return true;
}
