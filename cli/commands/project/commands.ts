/* Read before anything is installed: nothing that this loads may lead to a package. */
import { type CommandSpec, asJson, onStack, option, repeated } from "../command.ts";
import type { InitFlags } from "./init.ts";
import type { NewFlags } from "./new.ts";
import type { PromoteFlags } from "./promote.ts";

export const INIT: CommandSpec = {
  name: "init",
  description:
    "make a project: one agent, its settings, a program of one line, workflows; asks at a terminal",
  arguments: [["[folder]", "the folder, which is made; one that exists must be empty"]],
  options: [
    option("--stacks <names>", "stacks beside local: preprod, mainnet or both, with a comma between"),
    option("--owner <name>", "masumi:owner of these stacks (default: the folder's name)"),
    option("--author <name>", "who offers the agents (default: Example GmbH)"),
    option("--package <spec>", "what package.json asks for, as npm writes it (default: this version)"),
    option("-y, --yes", "ask nothing"),
    asJson("print what was made as JSON"),
  ],
  notes: ["Nothing is installed: npm install does that in the new folder."],
  examples: ["init my-agents", "init my-agents --stacks preprod,mainnet --owner example-gmbh --yes"],
  runAnywhere: async (folder: string | undefined, flags: InitFlags) =>
    (await import("./init.ts")).init(folder, flags),
};

export const NEW: CommandSpec = {
  name: "new",
  description: "write the file of a new agent, made from a template",
  arguments: [["<id>", "the agent's id, which is its file's name"]],
  options: [
    onStack("the stack whose folder of agents it belongs into"),
    option("--from <template>", "hello, or the name of an example (default: hello)"),
    asJson("print what was written as JSON"),
  ],
  notes: ["Nothing is overwritten, and nothing is run or registered."],
  examples: ["new support-desk", "new minutes --from meeting-minutes"],
  run: async (project, flags: NewFlags, id: string) =>
    (await import("./new.ts")).newAgentFile(project, flags, id),
};

export const PROMOTE: CommandSpec = {
  name: "promote",
  description: "add an agent to another stack: changes its file, and prints the text of the pull request",
  arguments: [["<agent>", "the agent's id"]],
  options: [
    option("--to <stack>", "the stack that it is to live in, too", "mainnet"),
    option("--from <stack>", "the stack that it lives in", "preprod"),
    repeated("--price <price>", 'what it costs there, such as "8 USDM" (default: as declared)'),
    option("--dry-run", "print the text, and change nothing"),
    asJson("print what was changed, what differs and what it costs as JSON"),
  ],
  notes: [
    "Only the file is changed, and only if nothing would be wrong with it in that stack. Whoever merges it has it registered.",
    "Exit code: 1 with complaints about the agents of either stack, else 0.",
  ],
  examples: ['promote market-researcher --price "8 USDM"', "promote meeting-minutes --to mainnet --dry-run"],
  run: async (project, flags: PromoteFlags, agent: string) =>
    (await import("./promote.ts")).promote(project, flags, agent),
};
