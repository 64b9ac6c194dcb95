/* Read before anything is installed: nothing that this loads may lead to a package. */
import { existsSync } from "node:fs";
import type { CommandSpec } from "./commands/command.ts";
import { COMMANDS } from "./commands/index.ts";
import { INSTEAD } from "./commands/pulumi-words.ts";

/** What the program itself takes. */
const PROGRAM_OPTIONS = ["-C, --cwd <folder>", "-h, --help", "-V, --version"];

/**
 * Return what is wrong with the words of a command: a command or an option that does not exist. Commands of other stacks
 * than local are not judged, since their options may be Pulumi's; nor is anything that only the real parser can tell.
 */
export function complaintAbout(args: readonly string[]): string | undefined {
  let known = [...PROGRAM_OPTIONS];
  let below: readonly CommandSpec[] = COMMANDS;
  const unknown: string[] = [];
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
      if (flags.includes("--stack") && taken !== "local") return undefined;
    } else if (below.length > 0) {
      const command = below.find(({ name, aliases = [] }) => name === word || aliases.includes(word));
      // Below the first word may be an argument.
      if (command === undefined) return below === COMMANDS ? notACommand(word) : undefined;
      known = [...known, ...(command.options ?? []).map(({ flags }) => flags)];
      below = command.commands ?? [];
      isPassed = command.pass !== undefined;
    }
  }
  // Whose option it is depends on the stack, which may have been selected, or belong to a project elsewhere.
  const isElsewhere = args.some((word) => word.startsWith("-C") || word.startsWith("--cwd"));
  if (isPassed && (isElsewhere || existsSync(".masumi/selected-stack"))) return undefined;
  const [first] = unknown;
  return first?.startsWith("--") ? `error: unknown option '${first}'\n(add --help for examples)` : undefined;
}

const notACommand = (word: string) =>
  INSTEAD[word] === undefined
    ? `error: unknown command '${word}'. There are: ${COMMANDS.map(({ name }) => name).join(", ")}`
    : `masumi-agents has no "${word}". ${INSTEAD[word]}`;
