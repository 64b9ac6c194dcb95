import type { Command } from "commander";
import { LOCAL_STACK, type Project, selectedStack } from "../../stacks/project.ts";
import { printProgress } from "../text.ts";
import { TableCommand, givenWords, refuseUnknown } from "./table-command.ts";

/** An option as commander writes it. */
export interface Option {
  readonly flags: string;
  readonly description: string;
  readonly value?: string;
  /** It may be given several times. */
  readonly isRepeated?: boolean;
  /** Pulumi has it too, and gets it where a command is passed to Pulumi. */
  readonly isPulumis?: boolean;
}

/** A command as it is written: its words, options and examples, and what it does. */
export interface CommandSpec {
  readonly name: string;
  /** Pulumi's other names of it. */
  readonly aliases?: readonly string[];
  readonly description: string;
  /** One called `stack` names the stack, as --stack does. */
  readonly arguments?: readonly (readonly [name: string, description?: string])[];
  readonly options?: readonly Option[];
  /** Said after the options. */
  readonly notes?: readonly string[];
  /** Without the program's own name. */
  readonly examples?: readonly string[];
  /** It works anywhere; \`run\` then gets a project only if there is one. */
  readonly needsNoProject?: boolean;
  /** It is not listed by --help, nor completed. */
  readonly isHidden?: boolean;
  /**
   * Does it, and returns the exit code. A flag that a command above has too may stand before or after this one's name.
   * What is done is in a file of its own, loaded only when it is called: `validate` must not wait for the engine.
   */
  readonly run?: (project: Project, flags: never, ...words: never[]) => number | Promise<number>;
  /** Does what needs no project: it gets the words alone. */
  readonly runAnywhere?: (...words: never[]) => number | Promise<number>;
  /**
   * Does it for any stack but local, with the command's words as Pulumi gets them: whatever this table does not know of them is among
   * them as it was typed. Without this, the command knows all its options, and `run` serves every stack.
   */
  readonly pass?: (project: Project, flags: never, words: readonly string[]) => number | Promise<number>;
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
  isRepeated: true,
});

/** Return an option that Pulumi has too. */
export const pulumis = (own: Option): Option => ({ ...own, isPulumis: true });

/** Return the option that names the stack. */
export const onStack = (description = "the stack"): Option =>
  pulumis(option("-s, --stack <stack>", `${description} (default: the selected one, else local)`));

export const asJson = (description: string): Option => pulumis(option("--json", description));

/** Return Pulumi's way to say that nobody is to be asked; the local stack asks only where it destroys. */
export const asksNobody = (description = "ask nothing"): readonly Option[] => [
  pulumis(option("-y, --yes", description)),
  pulumis(option("--non-interactive", "for scripts: plain lines, no question")),
];

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** Add commands to a program or below a command. */
export function register(parent: Command, specs: readonly CommandSpec[], project: () => Project): void {
  for (const spec of specs) {
    const command = new TableCommand(spec.name, passedFlags(spec));
    command
      .copyInheritedSettings(parent)
      .description(spec.description)
      .aliases(spec.aliases ?? []);
    for (const [name, description] of spec.arguments ?? []) command.argument(name, description);
    for (const { flags, description, value, isRepeated } of spec.options ?? []) {
      if (isRepeated) command.option(flags, description, collect);
      else command.option(flags, description, value);
    }
    if (spec.pass || spec.isHidden) command.allowUnknownOption().allowExcessArguments();
    command.addHelpText("after", helpAfter(spec));
    addAction(command, spec, project);
    parent.addCommand(command, { hidden: spec.isHidden === true });
    register(command, spec.commands ?? [], project);
  }
}

/** The options, by their long names, that Pulumi gets where the command is passed to it. */
const passedFlags = ({ options = [] }: CommandSpec): string[] =>
  options.flatMap(({ flags, isPulumis }) => (isPulumis ? (/--[a-z-]+/.exec(flags) ?? []) : []));

interface StackFlags {
  readonly stack?: string;
}

function addAction(command: TableCommand, spec: CommandSpec, project: () => Project): void {
  const { run, runAnywhere, pass } = spec;
  if (runAnywhere) {
    command.action(async () => {
      process.exitCode = await runAnywhere(...(command.processedArgs as never[]));
    });
  }
  if (!run) return;
  command.action(async () => {
    // The program's own options are not the command's.
    const above = command.parent?.parent ? command.parent.opts<object>() : {};
    const given: StackFlags = { ...above, ...command.opts<object>() };
    const words = command.processedArgs as never[];
    if (!hasStack(command)) {
      process.exitCode = await run(project(), given as never, ...words);
      return;
    }
    const opened = project();
    const stack = given.stack ?? command.stackArgument ?? selected(opened);
    const flags = { ...given, stack };
    if (pass && stack !== LOCAL_STACK) {
      process.exitCode = await pass(opened, flags as never, givenWords(command, stack));
      return;
    }
    if (pass) await refuseUnknown(command);
    process.exitCode = await run(opened, flags as never, ...words);
  });
}

/** Whether it is a stack's affair. */
const hasStack = (command: Command): boolean =>
  command.options.some(({ long }) => long === "--stack") ||
  command.registeredArguments.some((argument) => argument.name() === "stack");

function selected(project: Project): string {
  const stack = selectedStack(project);
  if (stack !== LOCAL_STACK)
    printProgress(`Stack ${stack} (selected; masumi-agents stack select local goes back).`);
  return stack;
}

function helpAfter({ notes = [], examples = [], pass }: CommandSpec): string {
  const passed = pass
    ? ["On any other stack than local, options that are not listed here are passed to Pulumi as they are."]
    : [];
  const said = [...notes, ...passed];
  const text = said.length > 0 ? `\n${said.join("\n")}\n` : "";
  const lines = examples.map((example) => `  $ npx masumi-agents ${example}`);
  return lines.length > 0 ? `${text}\nExamples:\n${lines.join("\n")}\n` : text;
}
