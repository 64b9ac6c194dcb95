import type { Command } from "commander";
import type { Project } from "../../stacks/project.ts";

/** An option as commander writes it; `repeated`: it may be given several times. */
interface Option {
  readonly flags: string;
  readonly description: string;
  readonly value?: string;
  readonly repeated?: boolean;
}

/** A command as it is written: its words, options and examples, and what it does. */
export interface CommandSpec {
  readonly name: string;
  readonly description: string;
  readonly arguments?: readonly (readonly [name: string, description?: string])[];
  readonly options?: readonly Option[];
  /** Said after the options. */
  readonly notes?: readonly string[];
  /** Without the program's own name. */
  readonly examples?: readonly string[];
  /**
   * Does it, and returns the exit code. A flag that a command above has too may stand before or after this one's name.
   * What is done is in a file of its own, loaded only when it is called: `validate` must not wait for the engine.
   */
  readonly run?: (project: Project, flags: never, ...words: never[]) => number | Promise<number>;
  /** Commands below this one. */
  readonly commands?: readonly CommandSpec[];
}

/** Return an option. */
export const option = (flags: string, description: string, value?: string): Option => ({
  flags,
  description,
  ...(value === undefined ? {} : { value }),
});

/** Return an option that may be given several times. */
export const repeated = (flags: string, description: string): Option => ({
  flags,
  description,
  repeated: true,
});

/** Return the option that names the stack. */
export const onStack = (description = "the stack"): Option =>
  option("-s, --stack <name>", description, "local");

export const asJson = (description: string): Option => option("--json", description);

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** Opens the project that a command works in. */
type OpenProject = () => Promise<Project>;

/** Add commands to a program or below a command. */
export function register(parent: Command, specs: readonly CommandSpec[], project: OpenProject): void {
  for (const spec of specs) {
    const command = parent.command(spec.name).description(spec.description);
    for (const [name, description] of spec.arguments ?? []) command.argument(name, description);
    for (const { flags, description, value, repeated: isRepeated } of spec.options ?? []) {
      if (isRepeated) command.option(flags, description, collect);
      else command.option(flags, description, value);
    }
    command.addHelpText("after", helpAfter(spec));
    addAction(command, spec, project);
    register(command, spec.commands ?? [], project);
  }
}

function addAction(command: Command, { run }: CommandSpec, project: OpenProject): void {
  if (!run) return;
  command.action(async () => {
    // The program's own options are not the command's.
    const above = command.parent?.parent ? command.parent.opts<object>() : {};
    const flags: object = { ...above, ...command.opts<object>() };
    process.exitCode = await run(await project(), flags as never, ...(command.processedArgs as never[]));
  });
}

function helpAfter({ notes = [], examples = [] }: CommandSpec): string {
  const said = notes.length > 0 ? `\n${notes.join("\n")}\n` : "";
  const lines = examples.map((example) => `  $ npx masumi-agents ${example}`);
  return lines.length > 0 ? `${said}\nExamples:\n${lines.join("\n")}\n` : said;
}
