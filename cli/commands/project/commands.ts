/* Read before anything is installed: nothing that this loads may lead to a package. */
import { type CommandSpec, asJson, asksNobody, onStack, option, repeated } from "../command.ts";
import type { BootstrapFlags } from "./bootstrap.ts";
import type { InitFlags } from "./init.ts";
import type { MigrateFlags } from "./migrate.ts";
import type { NewFlags } from "./new.ts";
import type { PromoteFlags } from "./promote.ts";

export const INIT: CommandSpec = {
  name: "init",
  description:
    "make a project: one agent, its settings, a program of one line, workflows; asks at a terminal",
  arguments: [
    [
      "[folder]",
      "the folder, which is made; one that exists must be empty (default: the current one, if it is)",
    ],
  ],
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

export const MIGRATE: CommandSpec = {
  name: "migrate",
  description: "move an agent to V2 of the payment contract: changes its file, and shows what up then does",
  arguments: [["<agent>", "the agent's id"]],
  options: [
    onStack("the stack that it moves in"),
    option("--to <version>", "V2, or V1 for the way back", "V2"),
    option("--dry-run", "show the plan, and change nothing"),
    ...asksNobody("change the file without asking"),
    asJson("print change, steps and plan as JSON"),
  ],
  notes: [
    "Only the file is changed; up registers the agent anew, hands over, and then deregisters the old registration (two fees).",
    "If other stacks read the file too, overrides: has the change for this stack alone. MASUMI_API_KEY may be a Read key.",
    "Exit code: 1 with complaints, or if up would refuse the plan, else 0.",
  ],
  examples: [
    "migrate contract-reviewer --dry-run",
    "migrate contract-reviewer --stack preprod --to V2 --yes",
  ],
  run: async (project, flags: MigrateFlags, agent: string) =>
    (await import("./migrate.ts")).migrate(project, flags, agent),
};

const BOOTSTRAP_AWS: CommandSpec = {
  name: "aws",
  description: "write a template of what a stack on AWS needs before its first run, or apply it",
  options: [
    onStack("the stack"),
    option(
      "--repository <owner/name>",
      "the repository on GitHub whose workflows deploy it, or the subject of its tokens",
    ),
    option("--region <region>", "the region (default: aws:region of the stack)"),
    option("--bucket <name>", "the bucket for the state (default: <project>-<stack>-state-<account>)"),
    option(
      "--zone <id>",
      "the id of the domain's hosted zone, which the deploying role is limited to (default: any)",
    ),
    option("--account <id>", "the account, for what is printed (default: ACCOUNT_ID stands in its place)"),
    option("--existing-provider", "the account has GitHub's OIDC provider already"),
    option("--out <file>", "where the template is written (default: bootstrap/<stack>.yaml)"),
    option("--apply", "apply the template with CloudFormation; shows the changes first, and asks"),
    ...asksNobody("with --apply: do not ask first"),
    asJson("print values and changes as JSON"),
  ],
  notes: [
    "It makes a bucket (versioned, encrypted, TLS only) and a KMS key for the state, GitHub's OIDC provider, a role " +
      "that deploys and one that plans, with the policies in docs/aws.md for the stack's settings. Run it again after " +
      "these change.",
    "The tokens of repositories that were made or renamed since July 2026 name owner and repository with their ids: " +
      "take what gh api repos/<owner>/<name>/actions/oidc/customization/sub --jq .sub_claim_prefix prints.",
    "Without --apply, AWS is not called and no login is needed: an administrator reviews and applies the template.",
  ],
  examples: [
    "bootstrap aws --stack preprod --repository example/agents",
    "bootstrap aws --stack preprod --repository repo:example@1234/agents@5678 --apply",
    "bootstrap aws --stack mainnet --repository example/agents --existing-provider --out mainnet.yaml",
  ],
  run: async (project, flags: BootstrapFlags) =>
    (await import("./bootstrap.ts")).bootstrapAws(project, flags),
};

export const BOOTSTRAP: CommandSpec = {
  name: "bootstrap",
  description: "prepare a cloud account for a stack: bootstrap aws",
  examples: ["bootstrap aws --stack preprod --repository example/agents"],
  commands: [BOOTSTRAP_AWS],
};
