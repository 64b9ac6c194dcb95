import { type CommandSpec, asJson, onStack, option, repeated } from "./command.ts";
import type { TryFlags } from "./try.ts";

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
    "The job is done as it is when it is served: the same runtime, limits and checks. The crew's questions are asked at",
    "the terminal. The result goes to stdout, everything else to stderr, of a failure all that is known.",
    "The model is the stack's. Its key is read from MASUMI_MODEL_KEY, else from the stack; the local stack has a stub",
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
