import type { Project } from "../../../stacks/project.ts";
import { UserError } from "../../../stacks/user-error.ts";
import { type CommandSpec, asJson, asksNobody, onStack, option, pulumis } from "../command.ts";
import type { StackOutputFlags } from "./stack.ts";
import type { StateDeleteFlags } from "./state.ts";

/** Pulumi does it for any stack but local ones. */
const pass = async (
  project: Project,
  { stack }: { readonly stack: string },
  words: readonly string[],
): Promise<number> => (await import("../../pulumi.ts")).passToPulumi(project, stack, words);

const passChange = async (
  project: Project,
  { stack }: { readonly stack: string },
  words: readonly string[],
): Promise<number> => (await import("./config.ts")).passConfigChange(project, stack, words);

const SHOW_SECRETS = pulumis(option("--show-secrets", "print secrets in plain text"));

const STACK: CommandSpec = {
  name: "stack",
  description: "stacks, their outputs and their state",
  options: [onStack()],
  examples: ["stack", "stack ls", "stack output agents --json"],
  run: async (project, flags: { stack: string }) => (await import("./stack.ts")).stackSummary(project, flags),
  pass,
  commands: [
    {
      name: "ls",
      aliases: ["list"],
      description: "list this project's stacks",
      options: [asJson("print the stacks as JSON")],
      examples: ["stack ls", "stack ls --json"],
      run: async (project, flags: { json?: boolean }) =>
        (await import("./stack.ts")).stackList(project, flags),
    },
    {
      name: "init",
      aliases: ["new"],
      description: "create a stack: its file, its passphrase and an empty state",
      arguments: [["<stack>", "local, local-<name>, or the name of one that the real Pulumi CLI makes"]],
      examples: [
        "stack init local",
        "stack init local-customers",
        "stack init preprod --secrets-provider awskms://…",
      ],
      run: async (project, flags: { stack: string }) =>
        (await import("./stack.ts")).stackInit(project, flags),
      pass,
    },
    {
      name: "select",
      description: "choose the stack that commands mean where they name none",
      arguments: [["[stack]", "the stack"]],
      examples: ["stack select preprod", "stack select local"],
      run: async (project, _flags: object, stack: string | undefined) =>
        (await import("./stack.ts")).stackSelect(project, stack),
      pass: async (project, { stack }: { stack: string }, words) =>
        (await import("./stack.ts")).stackSelectOther(project, stack, words),
    },
    {
      name: "output",
      description: "print one output of the stack's last run, or all of them",
      arguments: [["[name]", "the output"]],
      options: [onStack(), asJson("print JSON"), SHOW_SECRETS],
      examples: ["stack output", "stack output agents --json", "stack output --stack preprod"],
      run: async (project, flags: StackOutputFlags, name: string | undefined) =>
        (await import("./stack.ts")).stackOutput(project, name, flags),
      pass,
    },
    {
      name: "export",
      description: "print the state as JSON, with encrypted secrets; pulumi stack import reads it",
      options: [onStack()],
      examples: ["stack export > state.json"],
      run: async (project, flags: { stack: string }) =>
        (await import("./stack.ts")).stackExport(project, flags),
      pass,
    },
  ],
};

const PATH = pulumis(option("--path", "the key leads into a value: masumi:aws.subnetIds[0]"));

const CONFIG: CommandSpec = {
  name: "config",
  description: "configuration of a stack; lists it if no subcommand is given",
  options: [onStack(), asJson("print JSON"), SHOW_SECRETS],
  examples: ["config", "config set masumi:waitMinutes 20", "config set --secret masumi:modelKey"],
  run: async (project, flags: { stack: string; json?: boolean; showSecrets?: boolean }) =>
    (await import("./config.ts")).listConfig(project, flags),
  pass,
  commands: [
    {
      name: "set",
      description: "set a value, encrypted with --secret; creates the stack if there is none",
      arguments: [
        ["<key>", "<namespace>:<name>; without a namespace, the project's own"],
        ["[value]", "without it, it is asked for at the terminal, or read from stdin"],
      ],
      options: [onStack(), pulumis(option("--secret", "encrypt the value")), PATH],
      examples: [
        "config set masumi:modelName gpt-4.1-mini",
        "config set --secret masumi:modelKey        # asks for it",
        "config set --secret masumi:modelKey < key.txt",
        "config set --path masumi:aws.domain agents.example.com",
      ],
      run: async (
        project,
        flags: { stack: string; secret?: boolean; path?: boolean },
        key: string,
        value: string | undefined,
      ) => (await import("./config.ts")).setConfigValue(project, key, value, flags),
      pass: passChange,
    },
    {
      name: "get",
      description: "print a value, in plain text even if it is a secret",
      arguments: [["<key>"]],
      options: [onStack(), asJson("print JSON"), PATH],
      examples: ["config get masumi:modelName", "config get --path masumi:aws.domain --stack preprod"],
      run: async (project, flags: { stack: string; json?: boolean; path?: boolean }, key: string) =>
        (await import("./config.ts")).getConfigValue(project, key, flags),
      pass,
    },
    {
      name: "rm",
      aliases: ["remove"],
      description: "remove a value",
      arguments: [["<key>"]],
      options: [onStack(), PATH],
      examples: ["config rm masumi:modelName", "config rm --path masumi:aws.domain --stack preprod"],
      run: async (project, flags: { stack: string; path?: boolean }, key: string) =>
        (await import("./config.ts")).removeConfigValue(project, key, flags),
      pass: passChange,
    },
  ],
};

const URNS = "the resources (stack export shows their URNs)";

const STATE: CommandSpec = {
  name: "state",
  description: "edit the state of a stack",
  options: [onStack()],
  examples: ["state unprotect --all", "state delete 'urn:pulumi:local::masumi-agents::…'"],
  run: () => {
    throw new UserError("Name what to do: state delete, state unprotect; stack export shows the state.");
  },
  pass,
  commands: [
    {
      name: "unprotect",
      description: "allow the next run to delete or replace protected resources",
      arguments: [["[urns...]", URNS]],
      options: [onStack(), pulumis(option("--all", "every resource of the stack")), ...asksNobody()],
      examples: ["state unprotect --all"],
      run: async (project, flags: { stack: string; all?: boolean }, urns: string[]) =>
        (await import("./state.ts")).stateUnprotect(project, urns, flags),
      pass,
    },
    {
      name: "delete",
      aliases: ["remove"],
      description: "forget resources; what they stand for stays as it is",
      arguments: [["[urns...]", URNS]],
      options: [
        onStack(),
        pulumis(option("--all", "every resource of the stack")),
        pulumis(option("--force", "protected resources too")),
        pulumis(option("--target-dependents", "with everything that depends on them")),
        ...asksNobody(),
      ],
      examples: ["state delete 'urn:pulumi:local::masumi-agents::…'"],
      run: async (project, flags: StateDeleteFlags, urns: string[]) =>
        (await import("./state.ts")).stateDelete(project, urns, flags),
      pass,
    },
  ],
};

const CANCEL: CommandSpec = {
  name: "cancel",
  description: "remove the lock that a killed run left on a stack",
  arguments: [["[stack]", "the stack"]],
  options: [onStack(), option("--force", "local: also the lock of a run that may go on"), ...asksNobody()],
  notes: ["Local: exit code 1 if a run holds the stack. A run is interrupted with ^C, not with this."],
  examples: ["cancel", "cancel --stack preprod --yes"],
  run: async (project, flags: { stack: string; force?: boolean }) =>
    (await import("./state.ts")).cancelRun(project, flags),
  pass,
};

/** Pulumi's own words for stacks, configuration and state: on the embedded engine for local stacks, else passed on. */
export const STACK_COMMANDS: readonly CommandSpec[] = [STACK, CONFIG, STATE, CANCEL];
