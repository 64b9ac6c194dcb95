import { Command, type Option } from "commander";
import { INSTEAD } from "./pulumi-words.ts";

/** A command that tells the words it did not know from those that were given as its arguments. */
export class TableCommand extends Command {
  /** Its options that Pulumi has too, by their long names. */
  readonly passedFlags: readonly string[];
  /** The first option that it did not know, and all words from there on. */
  unknown: readonly string[] = [];

  constructor(name: string, passedFlags: readonly string[]) {
    super(name);
    this.passedFlags = passedFlags;
  }

  override parseOptions(words: string[]): ReturnType<Command["parseOptions"]> {
    const parsed = super.parseOptions(words);
    this.unknown = parsed.unknown;
    return parsed;
  }

  /** What it was given as arguments. */
  get operands(): readonly string[] {
    return this.args.slice(0, this.args.length - this.unknown.length);
  }

  /** The stack, where an argument names it. */
  get stackArgument(): string | undefined {
    const place = this.registeredArguments.findIndex((argument) => argument.name() === "stack");
    return place < 0 ? undefined : this.operands[place];
  }

  /** Its words below the program: `config set`. */
  get path(): readonly string[] {
    const above = this.parent instanceof TableCommand ? this.parent.path : [];
    return [...above, this.name()];
  }
}

/** Return the command line as Pulumi gets it: our own options left out, the stack named, everything else as it was typed. */
export function givenWords(command: TableCommand, stack: string): string[] {
  const { parent, operands, unknown, path } = command;
  const above = parent instanceof TableCommand ? passedOptions(parent) : [];
  const options = [...above, ...passedOptions(command)];
  const isNamed = options.includes("--stack") || command.stackArgument !== undefined;
  const words = [...path, ...options, ...(isNamed ? [] : ["--stack", stack])];
  // Without the mark of the end of options, an argument that begins with a dash would be taken for one.
  const needsMark = operands.some((word) => word.startsWith("-")) && !unknown.includes("--");
  return needsMark ? [...words, ...unknown, "--", ...operands] : [...words, ...operands, ...unknown];
}

const passedOptions = (command: TableCommand): string[] =>
  command.options.filter(({ long }) => command.passedFlags.includes(long ?? "")).flatMap(wordsOf(command));

const wordsOf =
  (command: Command) =>
  (option: Option): string[] => {
    const { long } = option;
    const value = command.getOptionValue(option.attributeName()) as
      string | readonly string[] | boolean | undefined;
    if (!long || value === undefined || value === false) return [];
    if (value === true) return [long];
    return [value].flat().flatMap((one) => [long, one]);
  };

/** Ends with what is wrong if there is a word that the command does not know: only Pulumi, on other stacks, may. */
export async function refuseUnknown(command: TableCommand): Promise<void> {
  await refuseUnknownWord(command);
  const [flag] = command.unknown;
  if (flag !== undefined) {
    const near = await nearestOf(
      flag,
      command.options.map(({ long }) => long ?? ""),
    );
    command.error(
      `error: unknown option '${flag}'${near}\n` +
        "On the stack local it means nothing; with --stack <other stack> it is passed to Pulumi as it is.",
      { code: "commander.unknownOption" },
    );
  }
  if (!hasTooMany(command)) return;
  const { operands, registeredArguments: declared } = command;
  command.error(
    `error: too many arguments for '${command.path.join(" ")}'. Expected ${declared.length} but got ${operands.length}: ${operands.join(", ")}.`,
    { code: "commander.excessArguments" },
  );
}

const hasTooMany = ({ operands, registeredArguments: declared }: TableCommand): boolean =>
  operands.length > declared.length && declared.at(-1)?.variadic !== true;

/** Ends if a command that consists of others has none of that name: its options are not known then, so this comes first. */
async function refuseUnknownWord(command: TableCommand): Promise<void> {
  const { operands, commands, path } = command;
  if (commands.length === 0 || !hasTooMany(command)) return;
  const words = [...path, operands[0] ?? ""].join(" ");
  const instead = INSTEAD[words];
  const near = await nearestOf(
    operands[0] ?? "",
    commands.map((one) => one.name()),
  );
  command.error(
    instead === undefined
      ? `error: unknown command '${words}'${near}`
      : `error: the stack local has no '${words}'. ${instead}\nOf another stack: add --stack <name>, and Pulumi does it.`,
    { code: "commander.unknownCommand" },
  );
}

async function nearestOf(word: string, known: readonly string[]): Promise<string> {
  const { nearest } = await import("../../infra/declarations/index.ts");
  const near = nearest(word, known);
  return near === undefined ? "" : `\n(Did you mean ${near}?)`;
}
