import type { CommandSpec } from "./commands/command.ts";
import { COMMANDS } from "./commands/index.ts";
import { INSTEAD } from "./commands/pulumi-words.ts";

interface Words {
  readonly names: readonly string[];
  readonly options: readonly string[];
  readonly isPassed: boolean;
  readonly commands: readonly Words[];
}

const wordsOf = ({ name, aliases = [], options = [], pass, commands = [] }: CommandSpec): Words => ({
  names: [name, ...aliases],
  options: options.map(({ flags }) => flags),
  isPassed: pass !== undefined,
  commands: commands.map(wordsOf),
});

/** Return the words of all commands as a launcher can read them that can neither strip types nor parse a command line. */
export const commandWordsJson = (): string =>
  `${JSON.stringify({ commands: COMMANDS.map(wordsOf), instead: INSTEAD })}\n`;
