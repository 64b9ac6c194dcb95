import { type CommandSpec, asJson, onStack, option, repeated } from "./command.ts";
import type { TryFlags } from "../try/trial.ts";
import type { EvalFlags } from "../eval/run.ts";
import type { HireFlags } from "./hire.ts";

export const HIRE: CommandSpec = {
  name: "hire",
  description: "hire an agent: start a job, pay for it, wait, then verify and print the result",
  arguments: [["[agent]", "an agent's id in the stack, or the URL of any agent"]],
  options: [
    repeated(
      "-i, --input <name=value>",
      "one input field; name=@file reads it from a file (a field of files takes the file itself)",
    ),
    option("--inputs <file>", "all input fields as a JSON object; --input takes precedence"),
    repeated("--max-price <price>", "the most the job may cost, such as 5USDM; repeat it for each token"),
    option("--max-days <days>", "in how many days the result may be due: so long the money is locked", "3"),
    repeated(
      "--answer <name=value>",
      "one field of the answer to a question that the agent asks during the job",
    ),
    onStack("the agent's stack; you pay on its network"),
    option("--payment-service <url>", "your payment service, ending in /api/v1 (default: the stack's)"),
    option("--resume <id>", "continue a hire, or show how it stands"),
    option("--refund", "with --resume: request a refund now"),
    option("--list", "list this project's hires"),
    option("--timeout <minutes>", "how long to wait; the job continues without", "60"),
    asJson("print the outcome as JSON"),
  ],
  notes: [
    "The payment key is read from MASUMI_BUYER_KEY; the sandbox has a buyer of its own.",
    "The result goes to stdout, everything else to stderr. What the agent asks during the job is asked at the terminal; " +
      "--answer answers one question. Without either, the command prints the question and exits with 3.",
    "Exit code: 0 a result whose hash is the one on the chain (or of a free job), 1 refused or failed, 2 a refund was " +
      "requested, 3 not finished: continue with --resume.",
  ],
  examples: [
    "hire meeting-minutes -i notes=@notes.txt -i language=English",
    'hire market-researcher -i market="Heat pumps" -i question="Enter it?" --max-price 5USDM',
    "hire https://agent.example.com --stack preprod --inputs input.json --max-price 5USDM",
    "hire --resume 531526bc",
    'hire --resume 531526bc --answer answer="the blue one"',
  ],
  run: async (project, flags: HireFlags, agent: string | undefined) =>
    (await import("./hire.ts")).hire(project, agent, flags),
};

export const TRY: CommandSpec = {
  name: "try",
  description: "do one job of an agent here and now: nothing is registered, nobody pays",
  arguments: [["<agent>", "an agent's id in the stack"]],
  options: [
    repeated(
      "-i, --input <name=value>",
      "one input field; name=@file reads it from a file (a field of files takes the file itself)",
    ),
    option("--inputs <file>", "all input fields as a JSON object; --input takes precedence"),
    option("--model <name>", "another model of the stack's API, or stub: no language model is asked"),
    option("-w, --watch", "do the job again whenever the YAML, the code or a document changes, until ^C"),
    onStack("the stack whose model and overrides apply"),
    asJson("print the outcome as JSON"),
  ],
  notes: [
    "The job is done as it is when it is served: the same runtime, limits and checks. The crew's questions are asked at " +
      "the terminal. The result goes to stdout, everything else to stderr, of a failure all that is known.",
    "The model is the stack's. Its key is read from MASUMI_MODEL_KEY, else from the stack; the local stack has a stub " +
      "model until you set masumi:modelApi. Exit code: 0 a result, else 1.",
  ],
  examples: [
    'try market-researcher -i market="Heat pumps" -i question="Enter it?"',
    "try meeting-minutes -i notes=@notes.txt --watch",
    "try meeting-minutes --inputs input.json --model stub --json | jq -r .result",
  ],
  run: async (project, flags: TryFlags, agent: string) =>
    (await import("./try.ts")).tryAgent(project, agent, flags),
};

export const EVAL: CommandSpec = {
  name: "eval",
  description: "do the jobs that agents are evaluated by (evals: in the YAML), and check their results",
  arguments: [["[agent]", "one agent's id (default: all that have evaluations)"]],
  options: [
    option("--changed", "leave out agents that passed and have not changed since"),
    option(
      "--model <name>",
      "another model of the stack's API, or stub; what comes of it does not count for up",
    ),
    option(
      "--parallel <n>",
      "how many jobs are done side by side, each in some 300 MB (default: one a core)",
    ),
    option("--junit <file>", "write a report in JUnit's format, for a pipeline to show"),
    onStack("the stack whose model and overrides apply"),
    asJson("print the outcomes as JSON"),
  ],
  notes: [
    "Nothing is registered, and nobody pays. With masumi:requireEvals, up refuses crews that did not pass as they are declared:",
    "the outcome is kept in .masumi/evals, for the up of this machine. The stub model judges nothing, so judge: is left open with it.",
    "The model's key is read from MASUMI_MODEL_KEY, else from the stack. Exit code: 0 all passed, else 1.",
  ],
  examples: [
    "eval",
    "eval market-researcher --stack preprod",
    "eval --stack preprod --changed --parallel 8 --junit evals.xml",
    "eval --json | jq '.agents[] | select(.passed | not) | .id'",
  ],
  run: async (project, flags: EvalFlags, agent: string | undefined) =>
    (await import("../eval/eval.ts")).evaluate(project, agent, flags),
};
