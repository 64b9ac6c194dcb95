/* Read before anything is installed, by any Node >= 20: plain JavaScript that loads no package. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isLocalStack } from "../providers/common/local-stack.js";

/**
 * A command's words, as write-command-words.ts takes them from the table of commands.
 * @typedef {{ names: string[], options: string[], isPassed: boolean, commands: Words[] }} Words
 */

/** @type {{ commands: Words[], instead: Record<string, string> }} */
const { commands: COMMANDS, instead: INSTEAD } = JSON.parse(
  readFileSync(new URL("./command-words.json", import.meta.url), "utf8"),
);

/** What the program itself takes. */
const PROGRAM_OPTIONS = ["-C, --cwd <folder>", "-h, --help", "-V, --version"];

/**
 * Return what is wrong with the words of a command: a command or an option that does not exist. Commands of other stacks
 * than local ones are not judged, since their options may be Pulumi's; nor is anything that only the real parser can tell.
 *
 * @param {readonly string[]} args
 * @returns {string | undefined}
 */
export function complaintAbout(args) {
  let known = [...PROGRAM_OPTIONS];
  let below = COMMANDS;
  /** @type {string[]} */
  const unknown = [];
  let isPassed = false;
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? "";
    if (word === "--") break;
    if (word.startsWith("-") && word.length > 1) {
      const [name = "", value] = word.split("=", 2);
      const flags = known.find((candidate) => candidate.split(/[ ,]+/).includes(name));
      if (flags === undefined) {
        unknown.push(word);
        continue;
      }
      const taken = flags.includes("<") ? (value ?? args[(index += 1)]) : undefined;
      if (flags.includes("--stack") && !isLocalStack(taken ?? "")) return undefined;
    } else if (below.length > 0) {
      const command = below.find(({ names }) => names.includes(word));
      // Below the first word may be an argument.
      if (command === undefined) return below === COMMANDS ? notACommand(word) : undefined;
      known = [...known, ...command.options];
      below = command.commands;
      isPassed = command.isPassed;
    }
  }
  // Whose option it is depends on the stack, which may have been selected, or belong to a project elsewhere.
  if (isPassed && (isElsewhere(args) || existsSync(".masumi/selected-stack"))) return undefined;
  const [first] = unknown;
  return first?.startsWith("--") ? `error: unknown option '${first}'\n(add --help for examples)` : undefined;
}

/** @param {string} word */
const notACommand = (word) =>
  INSTEAD[word] === undefined
    ? `error: unknown command '${word}'. There are: ${COMMANDS.map(({ names: [name] }) => name).join(", ")}`
    : `masumi-agents has no "${word}". ${INSTEAD[word]}`;

/** @param {readonly string[]} args */
const isElsewhere = (args) => args.some((word) => word.startsWith("-C") || word.startsWith("--cwd"));

/**
 * Return whether a command certainly runs crews as processes of this machine. Without a YAML parser, an agent counts only if it has a
 * crew and says neither where it is hosted nor which stacks it lives in.
 *
 * @param {readonly string[]} args
 * @param {string} root the project's folder
 */
export function runsCrewsHere(args, root) {
  if (args.includes("demo")) return true;
  const isOther = args.some((word) => word.startsWith("-s") || word.startsWith("--stack"));
  const isHosted = ["Pulumi.local.yaml", ".masumi/selected-stack"].some((file) =>
    existsSync(join(root, file)),
  );
  if (!args.includes("up") || isOther || isElsewhere(args) || isHosted) return false;
  const agents = join(root, "agents");
  return (
    existsSync(agents) &&
    readdirSync(agents).some((file) => /\.ya?ml$/.test(file) && hasCrew(join(agents, file)))
  );
}

/** @param {string} file */
function hasCrew(file) {
  const text = readFileSync(file, "utf8");
  return /^(crew|build):/m.test(text) && !/^(hosting|only):/m.test(text);
}
