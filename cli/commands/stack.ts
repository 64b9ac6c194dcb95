import { exportState, stackOutputs } from "../../local/engine/stack/index.ts";
import { localRun } from "../../stacks/local-stack.ts";
import { LOCAL_STACK, type Project } from "../../stacks/project.ts";
import { passToPulumi } from "../pulumi.ts";
import { printJson } from "../text.ts";
import { UserError } from "../../stacks/user-error.ts";

export interface StackOutputFlags {
  readonly stack: string;
  readonly json?: boolean;
  readonly showSecrets?: boolean;
}

/** `stack output [name]`: one output or all of them; secrets read `[secret]` unless they are asked for. */
export async function stackOutput(
  project: Project,
  name: string | undefined,
  { stack, json, showSecrets }: StackOutputFlags,
): Promise<number> {
  if (stack !== LOCAL_STACK) {
    const words = ["stack", "output", ...(name === undefined ? [] : [name]), "--stack", stack];
    if (json) words.push("--json");
    if (showSecrets) words.push("--show-secrets");
    return passToPulumi(project, words);
  }
  const outputs = await stackOutputs(localRun(project, 0), { showSecrets: showSecrets === true });
  if (name !== undefined) {
    const value = outputs[name];
    if (value === undefined) throw new UserError(`Stack ${stack} has no output "${name}".`);
    if (json) printJson(value);
    else process.stdout.write(`${plain(value)}\n`);
    return 0;
  }
  if (json) {
    printJson(outputs);
    return 0;
  }
  const names = Object.keys(outputs).toSorted();
  const width = Math.max(...names.map((key) => key.length), "OUTPUT".length);
  const rows = names.map((key) => `    ${key.padEnd(width)}  ${plain(outputs[key] ?? null)}`);
  process.stdout.write(`Current stack outputs (${names.length}):\n`);
  process.stdout.write(
    names.length === 0
      ? "    No output values currently in this stack\n"
      : [`    ${"OUTPUT".padEnd(width)}  VALUE`, ...rows, ""].join("\n"),
  );
  return 0;
}

/** A text as it is, everything else as JSON. */
const plain = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** `stack export`: the state as JSON, secrets encrypted; `pulumi stack import` reads it. */
export async function stackExport(project: Project, { stack }: { readonly stack: string }): Promise<number> {
  if (stack !== LOCAL_STACK) return passToPulumi(project, ["stack", "export", "--stack", stack]);
  printJson(await exportState(localRun(project, 0)));
  return 0;
}
