import { readFileSync } from "node:fs";
import { Command, type Option } from "commander";
import { printableLines } from "../providers/common/printable.ts";
import { registerCommands } from "./commands/register.ts";
import { exitCodeOfError, explainsItself } from "./explains-itself.ts";
import { endQuietlyWithoutReader } from "./interruption.ts";
import { printFailureAsJson } from "./json-failure.js";
import { print } from "./text.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const words = process.argv.slice(2);

const program: Command = new Command("masumi-agents")
  .description(
    "One YAML file in agents/ is one AI agent: run, registered on the Masumi network, kept as declared.",
  )
  .option("-C, --cwd <folder>", "work in another project folder", ".")
  .showHelpAfterError("(add --help for examples)")
  .configureOutput({
    outputError: (message, write) => {
      write(message);
      printFailureAsJson(words, message);
    },
  })
  .configureHelp({
    showGlobalOptions: true,
    // Commander would list those of every command in between, too: sandbox stop does not start anything.
    // The program itself lists them as its own.
    visibleGlobalOptions: (command): Option[] => (command === program ? [] : [...program.options]),
  });

// Behind a command it is the command's own: Pulumi's stack export has a --version.
if (!namesCommand(words)) {
  program.version(version, "-V, --version", "print the version");
}
endQuietlyWithoutReader();
registerCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  printFailureAsJson(words, error instanceof Error ? error.message : String(error));
  if (!explainsItself(error)) throw error;
  print(`${printableLines(error.message)}\n`, process.stderr);
  process.exitCode = exitCodeOfError(error);
}

function namesCommand([word, ...rest]: readonly string[]): boolean {
  if (word === undefined) return false;
  if (word === "-C" || word === "--cwd") return namesCommand(rest.slice(1));
  return !word.startsWith("-") || namesCommand(rest);
}
