import type { Command } from "commander";
import { LOCAL_STACK, type Project, isLocalStack, openProject, selectedStack } from "../../stacks/project.ts";
import { columnsOf, keepToWidth, printProgress } from "../text.ts";
import type { CommandSpec } from "./command.ts";
import { COMMANDS, NOT_HERE } from "./index.ts";
import { TableCommand, givenWords, refuseUnknown } from "./table-command.ts";

/** Add every command to the program. */
export const registerCommands = (program: Command): void =>
  register(program, [...COMMANDS, ...NOT_HERE], () => openProject(program.opts<{ cwd: string }>().cwd));

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** Opens the project that a command works in. */
type OpenProject = () => Project;

/** Add commands to a program or below a command. */
function register(parent: Command, specs: readonly CommandSpec[], project: OpenProject): void {
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
    command.addHelpText("after", ({ error }) => {
      const output = command.configureOutput();
      const columns = (error ? output.getErrHelpWidth?.() : output.getOutHelpWidth?.()) ?? 0;
      return helpAfter(spec, columnsOf({ columns }));
    });
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

function addAction(command: TableCommand, spec: CommandSpec, project: OpenProject): void {
  const { run, runAnywhere, pass } = spec;
  if (runAnywhere) {
    command.action(async () => {
      process.exitCode = await runAnywhere(...(command.processedArgs as never[]), command.opts());
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
    const flags = { ...given, stack, isStackNamed: given.stack !== undefined };
    if (pass && !isLocalStack(stack)) {
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
    printProgress(`Stack ${stack} (selected; npx masumi-agents stack select local goes back).`);
  return stack;
}

/** Commander's width of a help that no terminal shows. */
const PIPED_COLUMNS = 80;

/** The rest of a command's help: texts are as wide as commander makes those before; examples are folded on a terminal alone. */
function helpAfter({ notes = [], examples = [], pass }: CommandSpec, columns?: number): string {
  const passed = pass
    ? ["On any stack but local ones, options that are not listed here are passed to Pulumi as they are."]
    : [];
  const said = [...notes, ...passed];
  const text = said.length > 0 ? `\n${keepToWidth(said.join("\n"), columns ?? PIPED_COLUMNS)}\n` : "";
  // Environment variables stand before the program's name.
  const lines = examples.map((example) =>
    foldCommand(example.replace(/^([A-Z_]+=\S+ )*/, "$&npx masumi-agents "), columns),
  );
  return lines.length > 0 ? `${text}\nExamples:\n${lines.join("\n")}\n` : text;
}

/** Return an example that can be copied: where it is too long, what is said of it stands above, and the shell reads on after a backslash. */
function foldCommand(example: string, columns = Infinity): string {
  const whole = `  $ ${example}`;
  if (whole.length <= columns) return whole;
  const [, command = "", comment] = /^(.*?)(?:\s+(# .*))?$/s.exec(example) ?? [];
  const lines: string[] = [];
  // Before an option with its value, or a pipe, or where output goes; what is quoted is one word.
  for (const part of command.split(/ (?=[-|>](?:[^"']|"[^"]*"|'[^']*')*$)/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length + " ".length + " \\".length <= columns)
      lines[lines.length - 1] = `${last} ${part}`;
    else lines.push(`${last === undefined ? "  $ " : "      "}${part}`);
  }
  return [...(comment === undefined ? [] : [`  ${comment}`]), lines.join(" \\\n")].join("\n");
}
