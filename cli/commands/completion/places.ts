import type { CommandSpec, Option } from "../command.ts";

/** What stands for a value: the shell itself knows where to find some of them. */
export type Kind = "stack" | "agent" | "file" | "shell" | "none";

/** A word that can be typed, and what it means. */
export interface Candidate {
  readonly word: string;
  readonly description: string;
}

/** What can be typed after some words of a command line. */
export interface Place {
  /** The command's words, each with a blank before it: ` stack output`; none after the program's name. */
  readonly path: string;
  readonly candidates: readonly Candidate[];
  /** What its argument is. */
  readonly argument: Kind;
  /** Its options that take a value, and what that is. */
  readonly values: readonly { readonly flags: readonly string[]; readonly kind: Kind }[];
}

const PROGRAMS: readonly Option[] = [
  { flags: "-C, --cwd <folder>", description: "work in another project folder" },
  { flags: "-h, --help", description: "display help" },
];

/** Return every place of the command line, the program itself first. */
export function placesOf(commands: readonly CommandSpec[]): Place[] {
  const program = { options: [{ flags: "-V, --version", description: "print the version" }], commands };
  return placesBelow("", program);
}

function placesBelow(
  path: string,
  { options = [], commands = [], arguments: words = [] }: Partial<CommandSpec>,
): Place[] {
  const shown = commands.filter(({ isHidden }) => !isHidden);
  const all = [...options, ...PROGRAMS];
  const place: Place = {
    path,
    candidates: [
      ...shown.map(({ name, description }) => ({ word: name, description })),
      ...all.flatMap(({ flags, description }) =>
        // The short form is for those who know it.
        flagsOf(flags).flatMap((word) => (word.startsWith("--") ? [{ word, description }] : [])),
      ),
    ],
    argument: kindOf(words[0]?.[0] ?? ""),
    values: all
      .filter(({ flags }) => flags.includes("<"))
      .map(({ flags }) => ({ flags: flagsOf(flags), kind: kindOf(/<[^>]*>/.exec(flags)?.[0] ?? "") })),
  };
  return [place, ...shown.flatMap((spec) => placesBelow(`${path} ${spec.name}`, spec))];
}

const flagsOf = (flags: string): string[] => flags.match(/(?<=^|[ ,])--?[A-Za-z-]+/g) ?? [];

function kindOf(placeholder: string): Kind {
  const name = placeholder.replaceAll(/[^a-z]/gu, "");
  if (name === "stack" || name === "agent" || name === "shell") return name;
  return name === "file" || name === "folder" ? "file" : "none";
}
