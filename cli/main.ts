import { Command, type Option } from "commander";
import { registerCommands } from "./commands/index.ts";
import { exitCodeOfError, explainsItself } from "./explains-itself.ts";

const program: Command = new Command("masumi-agents")
  .description(
    "One YAML file in agents/ is one AI agent: run, registered on the Masumi network, kept as declared.",
  )
  .option("-C, --cwd <folder>", "work in another project folder", ".")
  .showHelpAfterError("(add --help for examples)")
  .configureHelp({
    showGlobalOptions: true,
    // Commander would list those of every command in between, too: sandbox stop does not start anything.
    visibleGlobalOptions: (): Option[] => [...program.options],
  });

registerCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!explainsItself(error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = exitCodeOfError(error);
}
