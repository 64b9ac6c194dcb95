#!/usr/bin/env node
/* `npm create masumi-agents [folder]`: init alone, in a package of its own that is small and depends on nothing. */
import { parseArgs } from "node:util";
import { hasStableCode } from "../../../providers/common/coded-error.ts";
import { printFailureAsJson } from "../../json-failure.js";
import { Interrupted } from "../../terminal.ts";
import { init } from "./init.ts";

const USAGE = `npm create masumi-agents [folder] -- [options]

  --stacks <names>   stacks beside local: preprod, mainnet or both, with a comma between
  --owner <name>     masumi:owner of these stacks (default: the folder's name)
  --author <name>    who offers the agents (default: Example GmbH)
  --package <spec>   what package.json asks for, as npm writes it (default: this version)
  -y, --yes          ask nothing
  --json             print what was made as JSON
`;

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      stacks: text,
      owner: text,
      author: text,
      package: text,
      yes: { ...flag, short: "y" },
      json: flag,
      help: { ...flag, short: "h" },
    },
  });
  if (values.help) process.stdout.write(USAGE);
  else process.exitCode = await init(positionals[0], values);
} catch (error) {
  const isMistyped =
    error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  const wasInterrupted = error instanceof Interrupted;
  printFailureAsJson(process.argv, error instanceof Error ? error.message : String(error));
  if (!isMistyped && !wasInterrupted && !hasStableCode(error)) throw error;
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = wasInterrupted ? error.exitCode : 1;
}
