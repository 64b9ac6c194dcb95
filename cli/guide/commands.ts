import type { CommandSpec } from "../commands/command.ts";

const PROGRAM = "npx masumi-agents";

/** A command with its words: `config set`. */
export interface WordedCommand extends CommandSpec {
  readonly words: string;
}

/** Return the commands that --help lists, each followed by those below it. */
export const wordedCommands = (specs: readonly CommandSpec[], above = ""): WordedCommand[] =>
  specs
    .filter(({ isHidden }) => isHidden !== true)
    .flatMap((spec) => {
      const words = `${above}${spec.name}`;
      return [{ ...spec, words }, ...wordedCommands(spec.commands ?? [], `${words} `)];
    });

/** Return a sentence of --help as the end of a line of Markdown. */
export const sentence = (text: string): string => text.replaceAll("<", "\\<").replaceAll("*", "\\*");

const usage = ({ words, arguments: parts = [] }: WordedCommand): string =>
  [PROGRAM, words, ...parts.map(([name]) => name)].join(" ");

const withDefault = (description: string, value: string | undefined): string =>
  `${sentence(description)}${value === undefined ? "" : ` (default: \`${value}\`)`}`;

/** What stands in an example before the program's name. */
const ENVIRONMENT = /^([A-Z_]+=\S+ )*/;

/** Return all of --help about a command, as a section of Markdown. */
function commandSection(command: WordedCommand): string {
  const {
    words,
    description,
    arguments: parts = [],
    options = [],
    notes = [],
    examples = [],
    pass,
  } = command;
  const listed = [
    ...parts.flatMap(([name, text]) => (text === undefined ? [] : [`- \`${name}\`: ${sentence(text)}`])),
    ...options.map((option) => `- \`${option.flags}\`: ${withDefault(option.description, option.value)}`),
  ];
  const said = [
    ...notes,
    ...(pass ? ["On stacks that are not local, other options are passed to Pulumi as they are."] : []),
  ];
  const shown = examples.map((example) => example.replace(ENVIRONMENT, `$&${PROGRAM} `));
  const paragraphs = [
    `## ${words}`,
    `\`${usage(command)}\`: ${sentence(description)}`,
    ...(listed.length > 0 ? [listed.join("\n")] : []),
    ...said.map(sentence),
    ...(shown.length > 0 ? [`\`\`\`sh\n${shown.join("\n")}\n\`\`\``] : []),
  ];
  return paragraphs.join("\n\n");
}

/** Return a document of every command: arguments, options, notes and examples, as --help has them. */
export const commandReference = (specs: readonly CommandSpec[]): string =>
  `${[
    "# Commands of masumi-agents",
    "Generated from the program's own --help by `npm run words`. Before each: `-C <folder>` works in another project folder.",
    ...wordedCommands(specs).map(commandSection),
  ].join("\n\n")}\n`;

/** Return a line for each command that --help of the program lists. */
export const commandList = (specs: readonly CommandSpec[]): string =>
  specs
    .filter(({ isHidden }) => isHidden !== true)
    .map(({ name, description }) => `- \`${PROGRAM} ${name}\`: ${sentence(description)}`)
    .join("\n");
