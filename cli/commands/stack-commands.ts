import type { Command } from "commander";
import type { Project } from "../../stacks/project.ts";
import type { StackOutputFlags } from "./stack.ts";

/** Pulumi's own words for a stack's outputs, state and configuration: on the embedded engine for the local stack, else passed on. */
export function registerStackCommands(
  program: Command,
  project: () => Project,
  finish: (exitCode: number) => void,
  examples: (...lines: string[]) => string,
): void {
  const onStack = (command: Command): Command => command.option("-s, --stack <name>", "the stack", "local");

  const stack = program.command("stack").description("outputs and state of a stack");
  onStack(stack.command("output"))
    .description("print one output of the stack's last run, or all of them")
    .argument("[name]", "the output")
    .option("--json", "print JSON")
    .option("--show-secrets", "print secrets in the clear")
    .addHelpText(
      "after",
      examples("stack output", "stack output agents --json", "stack output --stack preprod"),
    )
    .action(async (name: string | undefined, flags: StackOutputFlags) =>
      finish(await (await import("./stack.ts")).stackOutput(project(), name, flags)),
    );
  onStack(stack.command("export"))
    .description("print the state as JSON, secrets encrypted; pulumi stack import reads it")
    .addHelpText("after", examples("stack export > state.json"))
    .action(async (flags: { stack: string }) =>
      finish(await (await import("./stack.ts")).stackExport(project(), flags)),
    );

  const config = onStack(program.command("config"))
    .description("configuration of a stack; without a word it is listed")
    .option("--json", "print JSON")
    .option("--show-secrets", "print secrets in the clear")
    .addHelpText(
      "after",
      examples("config", "config set masumi:waitMinutes 20", "config set --secret masumi:apiKey <key>"),
    )
    .action(async (flags: { stack: string; json?: boolean; showSecrets?: boolean }) =>
      finish(await (await import("./config.ts")).listConfig(project(), flags)),
    );
  // Options that `config` has too may stand before or after the word, and are given to `config` in both cases.
  const withOptions = <T extends object>(flags: T): T & { stack: string; json?: boolean } => ({
    ...config.opts<{ stack: string; json?: boolean }>(),
    ...flags,
  });
  const word = (text: string): Command => config.command(text).option("-s, --stack <name>", "the stack");
  word("set")
    .description("set a value; with --secret it is encrypted")
    .argument("<key>", "<namespace>:<name>; without a namespace it is the project's own")
    .argument("<value>")
    .option("--secret", "encrypt the value")
    .action(async (key: string, value: string, flags: { stack?: string; secret?: boolean }) =>
      finish(await (await import("./config.ts")).setConfigValue(project(), key, value, withOptions(flags))),
    );
  word("get")
    .description("print a value, in the clear even if it is a secret")
    .argument("<key>")
    .option("--json", "print JSON")
    .action(async (key: string, flags: { stack?: string; json?: boolean }) =>
      finish(await (await import("./config.ts")).getConfigValue(project(), key, withOptions(flags))),
    );
  word("rm")
    .description("remove a value")
    .argument("<key>")
    .action(async (key: string, flags: { stack?: string }) =>
      finish(await (await import("./config.ts")).removeConfigValue(project(), key, withOptions(flags))),
    );

  onStack(program.command("state").description("the state of a stack").command("unprotect"))
    .description("let the next run delete or replace resources that were protected")
    .argument("[urns...]", "the resources (stack export shows their URNs)")
    .option("--all", "every resource of the stack")
    .addHelpText("after", examples("state unprotect --all"))
    .action(async (urns: string[], flags: { stack: string; all?: boolean }) =>
      finish(await (await import("./state.ts")).stateUnprotect(project(), urns, flags)),
    );
}
