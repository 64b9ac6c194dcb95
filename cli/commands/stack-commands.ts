import { type CommandSpec, asJson, onStack, option } from "./command.ts";
import type { StackOutputFlags } from "./stack.ts";

interface ConfigFlags {
  readonly stack: string;
  readonly json?: boolean;
}

const SHOW_SECRETS = option("--show-secrets", "print secrets in plain text");

const STACK: CommandSpec = {
  name: "stack",
  description: "outputs and state of a stack",
  commands: [
    {
      name: "output",
      description: "print one output of the stack's last run, or all of them",
      arguments: [["[name]", "the output"]],
      options: [onStack(), asJson("print JSON"), SHOW_SECRETS],
      examples: ["stack output", "stack output agents --json", "stack output --stack preprod"],
      run: async (project, flags: StackOutputFlags, name: string | undefined) =>
        (await import("./stack.ts")).stackOutput(project, name, flags),
    },
    {
      name: "export",
      description: "print the state as JSON, with encrypted secrets; pulumi stack import reads it",
      options: [onStack()],
      examples: ["stack export > state.json"],
      run: async (project, flags: { stack: string }) =>
        (await import("./stack.ts")).stackExport(project, flags),
    },
  ],
};

/** The word's own -s has no default: what `config` was given, or its default, holds. */
const STACK_OF_WORD = option("-s, --stack <name>", "the stack");

const CONFIG: CommandSpec = {
  name: "config",
  description: "configuration of a stack; lists it if no subcommand is given",
  options: [onStack(), asJson("print JSON"), SHOW_SECRETS],
  examples: ["config", "config set masumi:waitMinutes 20", "config set --secret masumi:apiKey <key>"],
  run: async (project, flags: ConfigFlags & { showSecrets?: boolean }) =>
    (await import("./config.ts")).listConfig(project, flags),
  commands: [
    {
      name: "set",
      description: "set a value; with --secret it is encrypted",
      arguments: [["<key>", "<namespace>:<name>; without a namespace, the project's own"], ["<value>"]],
      options: [STACK_OF_WORD, option("--secret", "encrypt the value")],
      run: async (project, flags: ConfigFlags & { secret?: boolean }, key: string, value: string) =>
        (await import("./config.ts")).setConfigValue(project, key, value, flags),
    },
    {
      name: "get",
      description: "print a value, in plain text even if it is a secret",
      arguments: [["<key>"]],
      options: [STACK_OF_WORD, asJson("print JSON")],
      run: async (project, flags: ConfigFlags, key: string) =>
        (await import("./config.ts")).getConfigValue(project, key, flags),
    },
    {
      name: "rm",
      description: "remove a value",
      arguments: [["<key>"]],
      options: [STACK_OF_WORD],
      run: async (project, flags: ConfigFlags, key: string) =>
        (await import("./config.ts")).removeConfigValue(project, key, flags),
    },
  ],
};

const STATE: CommandSpec = {
  name: "state",
  description: "the state of a stack",
  commands: [
    {
      name: "unprotect",
      description: "allow the next run to delete or replace protected resources",
      arguments: [["[urns...]", "the resources (stack export shows their URNs)"]],
      options: [onStack(), option("--all", "every resource of the stack")],
      examples: ["state unprotect --all"],
      run: async (project, flags: { stack: string; all?: boolean }, urns: string[]) =>
        (await import("./state.ts")).stateUnprotect(project, urns, flags),
    },
  ],
};

/** Pulumi's own words for a stack's outputs, state and configuration: on the embedded engine for the local stack, else passed on. */
export const STACK_COMMANDS: readonly CommandSpec[] = [STACK, CONFIG, STATE];
