import type { Command } from "commander";
import { openProject } from "../../stacks/project.ts";
import type { DoctorFlags } from "./doctor.ts";
import type { DriftFlags } from "./drift.ts";
import type { HireFlags } from "./hire.ts";
import type { ImportFlags } from "./import.ts";
import type { PlanFlags } from "./plan.ts";
import type { RunFlags } from "../run.ts";
import type { SandboxFlags } from "./sandbox.ts";
import { registerStackCommands } from "./stack-commands.ts";

const examples = (...lines: string[]) =>
  `\nExamples:\n${lines.map((line) => `  $ npx masumi-agents ${line}`).join("\n")}\n`;

/** An option that may be given several times. */
const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/**
 * Every command, its options and examples. What a command does is in its own file, loaded only when it is called:
 * `validate` must not wait for the engine.
 */
export function registerCommands(program: Command): void {
  const project = () => openProject(program.opts<{ cwd: string }>().cwd);
  const finish = (exitCode: number) => void (process.exitCode = exitCode);

  program
    .command("demo")
    .description("start the sandbox, run and register every agent of agents/, and show them")
    .option("--chain-speed <n>", 'how many times faster than the real chain, or "instant"', "30")
    .option("--json", "print the agents as JSON")
    .addHelpText(
      "after",
      examples("demo", "demo --chain-speed instant", "demo --chain-speed 1   # real time: about 80 s"),
    )
    .action(async (flags: { chainSpeed: string; json?: boolean }) =>
      finish(await (await import("./demo.ts")).demo(project(), flags)),
    );

  program
    .command("validate")
    .description("check agents/*.yaml; needs no network")
    .option("-s, --stack <name>", "the stack whose network and overrides count", "local")
    .option("--json", "print the complaints as JSON")
    .addHelpText("after", examples("validate", "validate --stack preprod --json"))
    .action(async (flags: { stack: string; json?: boolean }) =>
      finish((await import("./validate.ts")).validate(project(), flags)),
    );

  program
    .command("plan")
    .description("show what up would do on the chain and what it costs; needs neither Pulumi nor a state")
    .option("-s, --stack <name>", "the stack", "local")
    .option("--json", "print the plan as JSON")
    .option("--markdown", "print the plan for a comment on a change request")
    .addHelpText(
      "after",
      examples(
        "plan",
        "plan --stack preprod --markdown   # with MASUMI_API_KEY; a Read key is enough",
        "plan --json | jq -r .checksum     # for MASUMI_PLAN",
      ),
    )
    .action(async (flags: PlanFlags) => finish(await (await import("./plan.ts")).plan(project(), flags)));

  program
    .command("drift")
    .description("hold what is registered against what agents/ declares; needs neither Pulumi nor a state")
    .option("-s, --stack <name>", "the stack", "local")
    .option("--json", "print what was found as JSON")
    .addHelpText(
      "after",
      "\nExit code: 0 as declared, 2 drift, 1 it could not be told.\n" +
        examples(
          "drift",
          "drift --stack preprod             # with MASUMI_API_KEY; a Read key is enough",
          "drift --json | jq '.agents[] | select(.status != \"same\")'",
        ),
    )
    .action(async (flags: DriftFlags) => finish(await (await import("./drift.ts")).drift(project(), flags)));

  program
    .command("import")
    .description("write agents/<id>.yaml for registrations that are there already; up then takes them over")
    .argument(
      "[registrations...]",
      "row ids, agentIdentifiers or names; without them it lists what can be imported",
    )
    .option("-s, --stack <name>", "the stack", "local")
    .option("--all", "every registration of the stack's wallets that no file declares")
    .option("--dry-run", "print the files instead of writing them")
    .option("--json", "print the files, and what was not imported and why, as JSON")
    .addHelpText(
      "after",
      "\nNo file is ever overwritten. Exit code 1 when a registration that was asked for was not imported.\n" +
        examples(
          "import",
          'import "Market Researcher" --dry-run',
          "import --all --stack preprod      # with MASUMI_API_KEY; a Read key is enough",
        ),
    )
    .action(async (registrations: string[], flags: ImportFlags) =>
      finish(await (await import("./import.ts")).importAgents(project(), registrations, flags)),
    );

  program
    .command("doctor")
    .description("look at everything that up needs, and say what to do about what is amiss")
    .option("-s, --stack <name>", "the stack", "local")
    .option("--json", "print the findings as JSON")
    .addHelpText(
      "after",
      "\nExit code: 0 when no check fails, else 1.\n" +
        examples(
          "doctor",
          "doctor --stack preprod",
          "doctor --json | jq '.checks[] | select(.status == \"fail\")'",
        ),
    )
    .action(async (flags: DoctorFlags) =>
      finish(await (await import("./doctor.ts")).doctor(project(), flags)),
    );

  const operations = {
    preview: "show what up would do: built, minted, burned; changes nothing",
    up: "bring the stack to what agents/ declares, and wait until every registration is confirmed",
    refresh: "compare the state with what really is there",
    destroy: "deregister every agent, wait for the burn, end the crews",
  } as const;
  for (const [operation, description] of Object.entries(operations)) {
    const name = operation as keyof typeof operations;
    const command = program
      .command(name)
      .description(description)
      .option(
        "-s, --stack <name>",
        "local runs on this machine; any other stack runs on the real Pulumi CLI",
        "local",
      )
      .option("--json", "print the result as JSON, progress on stderr")
      .addHelpText("after", examples(name, `${name} --json`, `${name} --stack preprod`));
    if (name === "up") command.option("-r, --refresh", "look at what really is there first");
    if (name === "preview") command.option("--diff", "show every changed property, before and after");
    command.action(async (flags: RunFlags) =>
      finish(await (await import("./run.ts")).runCommand(project(), name, flags)),
    );
  }

  program
    .command("status")
    .description(
      "show each agent: does it answer, its registration's state, identifier, price and transaction",
    )
    .option("-s, --stack <name>", "the stack", "local")
    .option("--json", "print the agents as JSON")
    .addHelpText(
      "after",
      examples("status", "status --stack preprod", "status --json | jq '.agents[].agentIdentifier'"),
    )
    .action(async (flags: { stack: string; json?: boolean }) =>
      finish(await (await import("./status.ts")).status(project(), flags)),
    );

  program
    .command("hire")
    .description("have an agent do a job, as its buyer: pay for it, wait, and check and show the result")
    .argument("[agent]", "an agent's id in the stack, or the URL of any agent")
    .option(
      "-i, --input <name=value>",
      "one field of the input; name=@file takes the file (its text, where text is asked)",
      collect,
    )
    .option("--inputs <file>", "the input as a JSON object; --input wins")
    .option(
      "--max-price <price>",
      "what the job may cost at most, such as 5USDM; one for each token",
      collect,
    )
    .option(
      "--answer <name=value>",
      "one field of the answer to what the agent asks in the middle of its job",
      collect,
    )
    .option("-s, --stack <name>", "the stack of the agent, whose network is paid on", "local")
    .option("--payment-service <url>", "your payment service, ending in /api/v1 (default: the stack's)")
    .option("--resume <id>", "go on with a hire, or see how it stands")
    .option("--refund", "with --resume: ask for the money back now")
    .option("--list", "list the hires of this project")
    .option("--timeout <minutes>", "how long to wait; the job goes on without", "60")
    .option("--json", "print how it ended as JSON")
    .addHelpText(
      "after",
      "\nThe key to pay with is taken from MASUMI_BUYER_KEY; the sandbox has a buyer of its own.\n" +
        "The result is on stdout, everything else on stderr. What the agent asks is asked at the terminal;\n" +
        "--answer answers one question, and without either the command ends with 3 and says what is asked.\n" +
        "Exit code: 0 a result whose hash is on the chain (or of a free job), 1 refused or failed,\n" +
        "2 the money was asked back, 3 not over yet: go on with --resume.\n" +
        examples(
          "hire meeting-minutes -i notes=@notes.txt -i language=English",
          'hire market-researcher -i market="Heat pumps" -i question="Enter it?" --max-price 5USDM',
          "hire https://agent.example.com --stack preprod --inputs input.json --max-price 5USDM",
          "hire --resume 531526bc",
          'hire --resume 531526bc --answer answer="the blue one"',
        ),
    )
    .action(async (agent: string | undefined, flags: HireFlags) =>
      finish(await (await import("./hire.ts")).hire(project(), agent, flags)),
    );

  registerStackCommands(program, project, finish, examples);

  const box = program
    .command("sandbox")
    .description(
      "start the simulated payment service of this project (if none runs), with chain and stub model",
    )
    .option("--port <n>", "port on 127.0.0.1 (default: 4801, or where it ran last)")
    .option("--chain-speed <n>", 'how many times faster than the real chain, or "instant"', "30")
    .option("--world <file>", "keys, wallets and tokens as JSON instead of the default world")
    .option("--fault <spec...>", "scripted faults (local/sandbox/README.md lists them)")
    .option("--json", "print pid and URL as JSON")
    .addHelpText(
      "after",
      examples("sandbox", "sandbox --chain-speed instant", "sandbox status", "sandbox stop"),
    )
    .action(async (flags: SandboxFlags) =>
      finish(await (await import("./sandbox.ts")).sandbox(project(), flags)),
    );
  box
    .command("status")
    .description("say whether this project's sandbox runs")
    .action(async () => finish(await (await import("./sandbox.ts")).sandboxStatus(project())));
  box
    .command("stop")
    .description("end this project's sandbox; its database stays")
    .action(async () => finish(await (await import("./sandbox.ts")).sandboxStop(project())));
}
