import type { Operation } from "../../stacks/run.ts";
import { UserError } from "../../stacks/user-error.ts";
import type { RunFlags } from "../run.ts";
import { type CommandSpec, asJson, asksNobody, onStack, option, pulumis, repeated } from "./command.ts";
import type { DemoFlags } from "./demo.ts";
import type { DoctorFlags } from "./doctor.ts";
import type { DriftFlags } from "./drift.ts";
import { completionOf } from "./completion/command.ts";
import { EVAL, HIRE, TRY } from "./job-commands.ts";
import type { ImportFlags } from "./import.ts";
import type { LogsFlags } from "./logs.ts";
import type { PlanFlags } from "./plan.ts";
import type { SbomFlags } from "./sbom.ts";
import type { SandboxFlags } from "./sandbox.ts";
import { INSTEAD } from "./pulumi-words.ts";
import { BOOTSTRAP, INIT, MIGRATE, NEW, PROMOTE } from "./project/commands.ts";
import { COSTS, SPENT } from "./spending/commands.ts";
import type { StatusFlags } from "./status.ts";
import { STACK_COMMANDS } from "./stack/index.ts";

const CHAIN_SPEED = option(
  "--chain-speed <n>",
  'how many times faster than the real chain, or "instant"',
  "30",
);

const DEMO: CommandSpec = {
  name: "demo",
  description: "start the sandbox, run and register every agent of agents/, hire one, and start the portal",
  options: [CHAIN_SPEED, asJson("print the agents as JSON")],
  examples: ["demo", "demo --chain-speed instant", "demo --chain-speed 1   # real time: about 80 s"],
  run: async (project, flags: DemoFlags) => (await import("./demo.ts")).demo(project, flags),
};

const PORTAL: CommandSpec = {
  name: "portal",
  description: 'start the page "Create AI agent", where customers get agents of their own',
  options: [],
  notes: [
    "It is set up by environment variables (docs/portal.md). Without any, all of it runs on this machine, and nothing is written to this " +
      "checkout but .masumi/portal.",
  ],
  examples: ["portal", "PORTAL_PORT=8080 portal", "portal stop"],
  run: async (project) => (await import("../portal/portal.ts")).portal(project),
  commands: [
    {
      name: "stop",
      description: "stop this project's portal, with its crews and its sandbox; what they keep stays",
      examples: ["portal stop"],
      run: async (project) => (await import("../portal/portal.ts")).portalStop(project),
    },
  ],
};

const WIDE = option("--wide", "more columns: identifiers, wallets, amounts in base units, fees");

/** What only reads: the declarations, the payment service, the last run's outputs. */
const READING: readonly CommandSpec[] = [
  {
    name: "validate",
    description:
      "check agents/*.yaml, or without --stack the agents of all stacks' folders; needs no network",
    options: [onStack("the stack whose network and overrides apply"), asJson("print the complaints as JSON")],
    examples: ["validate", "validate --stack preprod --json"],
    run: async (project, flags: { stack: string; json?: boolean; isStackNamed: boolean }) =>
      (await import("./validate.ts")).validate(project, flags),
  },
  {
    name: "lock",
    description:
      "lock the packages of crews in Python where that is missing or out of date; needs the package index",
    options: [onStack("the stack whose agents' crews are locked"), asJson("print what was written as JSON")],
    notes: ["up does the same first, but not in a pipeline: commit what is written."],
    examples: ["lock", "lock --stack preprod"],
    run: async (project, flags: { stack: string; json?: boolean }) =>
      (await import("./packages/lock.ts")).lock(project, flags),
  },
  {
    name: "plan",
    description: "show what up would do on the chain and what it costs; needs neither Pulumi nor its state",
    options: [
      onStack(),
      asJson("print the plan as JSON"),
      option("--markdown", "print the plan as a comment for a pull request"),
      option(
        "--since <folder>",
        "another checkout of the project: also show what runs differently than there",
      ),
      WIDE,
    ],
    examples: [
      "plan",
      "plan --since ../main              # after git worktree add ../main main",
      "plan --stack preprod --markdown   # with MASUMI_API_KEY; a Read key is enough",
      "plan --json | jq -r .checksum     # for MASUMI_PLAN",
    ],
    run: async (project, flags: PlanFlags) => (await import("./plan.ts")).plan(project, flags),
  },
  {
    name: "drift",
    description: "compare what is registered with what agents/ declares; needs neither Pulumi nor its state",
    options: [onStack(), asJson("print the findings as JSON")],
    notes: ["Exit code: 0 as declared, 2 drift, 1 could not be determined."],
    examples: [
      "drift",
      "drift --stack preprod             # with MASUMI_API_KEY; a Read key is enough",
      "drift --json | jq '.agents[] | select(.status != \"same\")'",
    ],
    run: async (project, flags: DriftFlags) => (await import("./drift.ts")).drift(project, flags),
  },
  {
    name: "import",
    description: "write agents/<id>.yaml for existing registrations, so that up takes them over",
    arguments: [
      [
        "[registrations...]",
        "registration ids, agent identifiers or names; without them, lists what can be imported",
      ],
    ],
    options: [
      onStack(),
      option("--all", "every registration of the stack's wallets that no file declares"),
      option("--dry-run", "print the files instead of writing them"),
      asJson("print the files, and what was not imported and why, as JSON"),
    ],
    notes: [
      "Files are never overwritten. Exit code: 1 when a requested registration was not imported, else 0.",
    ],
    examples: [
      "import",
      'import "Market Researcher" --dry-run',
      "import --all --stack preprod      # with MASUMI_API_KEY; a Read key is enough",
    ],
    run: async (project, flags: ImportFlags, registrations: string[]) =>
      (await import("./import.ts")).importAgents(project, registrations, flags),
  },
  {
    name: "doctor",
    description: "check everything that up needs, and say how to fix what is wrong",
    options: [onStack(), asJson("print the findings as JSON")],
    notes: ["Exit code: 0 when no check fails, else 1."],
    examples: [
      "doctor",
      "doctor --stack preprod",
      "doctor --json | jq '.checks[] | select(.status == \"fail\")'",
    ],
    run: async (project, flags: DoctorFlags) => (await import("./doctor.ts")).doctor(project, flags),
  },
];

const STATUS: CommandSpec = {
  name: "status",
  description: "show each agent: whether it answers, its registration, identifier, price and transaction",
  arguments: [["[agent]", "one agent's id, to show all of it"]],
  options: [onStack(), asJson("print the agents as JSON"), WIDE],
  notes: ["Exit code: 1 when an agent does not answer, else 0."],
  examples: [
    "status",
    "status market-researcher",
    "status --wide",
    "status --stack preprod",
    "status --json | jq '.agents[].agentIdentifier'",
  ],
  run: async (project, flags: StatusFlags, agent: string | undefined) =>
    (await import("./status.ts")).status(project, flags, agent),
};

const LOGS: CommandSpec = {
  name: "logs",
  description: "show what crews wrote: of a process, a Docker container or ECS",
  arguments: [["[agent]", "one agent's id (default: all)"]],
  options: [
    onStack(),
    option("-f, --follow", "go on with what is written from now on, until ^C"),
    option("--since <time>", "nothing older: 10m, 2h, 1d, or a time such as 2026-11-29T14:00:00Z"),
    option("-n, --lines <n>", "the last lines of each agent, at most so many", "100"),
    option("--job <reference>", "one job alone, and of one that failed all that its crew's store knows"),
    asJson("print one JSON object a line"),
  ],
  notes: [
    "`logs -f | head` ends with the line after the last one that head takes: only a write tells that nobody reads any more.",
  ],
  examples: [
    "logs market-researcher",
    "logs -f",
    "logs market-researcher --since 1h --json | jq 'select(.event == \"job_failed\")'",
    "logs market-researcher --job 4ab92f3c01d7e856",
    "logs --stack preprod -f",
  ],
  run: async (project, flags: LogsFlags, agent: string | undefined) =>
    (await import("./logs.ts")).logs(project, agent, flags),
};

const SBOM: CommandSpec = {
  name: "sbom",
  description: "write a software bill of materials of each image that up built, with syft",
  arguments: [["[agent]", "one agent's id, or _runtime for what all crews are based on (default: all)"]],
  options: [
    onStack(),
    option("--out <folder>", "where to write <name>.spdx.json", "sbom"),
    asJson("print images and files as JSON"),
  ],
  notes: ["docs/aws.md (Supply) says how to sign and verify images with cosign."],
  examples: [
    "sbom --stack preprod",
    "sbom market-researcher --stack preprod --json | jq -r '.images[].image'",
  ],
  run: async (project, flags: SbomFlags, agent: string | undefined) =>
    (await import("./sbom.ts")).sbom(project, flags, agent),
};

const DESTROY_ASKS = [
  "At a terminal it asks first, unless --yes or --non-interactive says not to. Without a terminal, as in a script or a pipe, a local stack " +
    "is destroyed unasked, and Pulumi refuses any other one without --yes.",
];

const operation = (
  name: Operation,
  description: string,
  ...own: ReturnType<typeof option>[]
): CommandSpec => ({
  name,
  description,
  options: [
    onStack("local runs on this machine; any other stack runs on the real Pulumi CLI"),
    asJson("print the result as JSON, progress on stderr"),
    ...own,
    ...asksNobody(
      name === "destroy" ? "do not ask first" : "ask nothing; the stack local asks nothing anyway",
    ),
    ...(name === "preview"
      ? []
      : [pulumis(option("-f, --skip-preview", "no preview first; local shows none anyway"))]),
  ],
  ...(name === "destroy" ? { notes: DESTROY_ASKS } : {}),
  examples: [name, `${name} --json`, `${name} --stack preprod`],
  run: async (project, flags: RunFlags) => (await import("./run.ts")).runCommand(project, name, flags),
  pass: async (project, flags: RunFlags, words) =>
    (await import("./run.ts")).passOperation(project, name, flags, words),
});

const TARGETS = [
  pulumis(
    repeated(
      "-t, --target <agent>",
      "only this agent with all that belongs to it, or the resource of this URN",
    ),
  ),
  pulumis(option("--target-dependents", "with --target <URN>: also what depends on it")),
];

const OPERATIONS: readonly CommandSpec[] = [
  operation(
    "preview",
    "show what up would do (start, mint, burn) without changing anything",
    pulumis(option("--diff", "show every changed property, before and after")),
    ...TARGETS,
  ),
  operation(
    "up",
    "make the stack match agents/, and wait until every registration is confirmed",
    pulumis(option("-r, --refresh", "compare the state with what really exists first")),
    ...TARGETS,
  ),
  operation(
    "refresh",
    "update the state to what really exists",
    pulumis(option("--clear-pending-creates", "forget creations that a run began and did not end")),
    ...TARGETS,
  ),
  operation(
    "destroy",
    "deregister every agent, wait until its token is burned, and stop the crews",
    ...TARGETS,
    option("--leave-duplicates", "do not look for registrations of this owner that the stack did not manage"),
  ),
];

const SANDBOX: CommandSpec = {
  name: "sandbox",
  description:
    "start this project's simulated payment service, with its chain and a stub model, unless it is running",
  options: [
    option("--port <n>", "port on 127.0.0.1 (default: 4801, or the last one used)"),
    option("--chain-speed <n>", 'how many times faster than the real chain, or "instant" (default: 30)'),
    option("--world <file>", "keys, wallets and tokens as JSON instead of the default world"),
    option("--fault <spec...>", "scripted faults (local/sandbox/README.md lists them)"),
    asJson("print pid and URL as JSON"),
  ],
  examples: ["sandbox", "sandbox --chain-speed instant", "sandbox status", "sandbox stop"],
  run: async (project, flags: SandboxFlags) => (await import("./sandbox.ts")).sandbox(project, flags),
  commands: [
    {
      name: "status",
      description: "say whether this project's sandbox is running",
      options: [asJson("print pid and URL as JSON")],
      examples: ["sandbox status", "sandbox status --json"],
      run: async (project, flags: SandboxFlags) =>
        (await import("./sandbox.ts")).sandboxStatus(project, flags),
    },
    {
      name: "stop",
      description: "stop this project's sandbox; its database stays",
      examples: ["sandbox stop"],
      run: async (project) => (await import("./sandbox.ts")).sandboxStop(project),
    },
  ],
};

/** Words that people bring along from Pulumi, and what serves here instead. */
export const NOT_HERE: readonly CommandSpec[] = Object.entries(INSTEAD)
  .filter(([words]) => !words.includes(" "))
  .map(([name, instead]) => {
    const refuse = (): never => {
      throw new UserError(`masumi-agents has no "${name}". ${instead}`);
    };
    return { name, description: instead, isHidden: true, runAnywhere: refuse };
  });

const LISTED = [
  INIT,
  NEW,
  DEMO,
  PORTAL,
  TRY,
  EVAL,
  ...READING,
  ...OPERATIONS,
  STATUS,
  SPENT,
  COSTS,
  LOGS,
  SBOM,
  HIRE,
  PROMOTE,
  MIGRATE,
  BOOTSTRAP,
  ...STACK_COMMANDS,
  SANDBOX,
];

/** Every command, in the order in which --help lists them. */
export const COMMANDS: readonly CommandSpec[] = [...LISTED, completionOf(LISTED)];
