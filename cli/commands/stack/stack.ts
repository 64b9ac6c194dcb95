import { exportState, initStack, listStacks, stackOutputs } from "../../../local/engine/stack/index.ts";
import { localRun, localStackExists } from "../../../stacks/local/local-stack.ts";
import {
  type Project,
  isLocalStack,
  readConfig,
  requireStackFile,
  selectStack,
  selectedStack,
  stackFile,
  stackNames,
  stackOption,
} from "../../../stacks/project.ts";
import { UserError } from "../../../stacks/user-error.ts";
import { passToPulumi } from "../../pulumi.ts";
import { formatTable, printPairs, stdoutColumns } from "../../table.ts";
import { print, printJson } from "../../text.ts";

export interface StackOutputFlags {
  readonly stack: string;
  readonly json?: boolean;
  readonly showSecrets?: boolean;
}

/** A stack as `stack ls` shows it; what only its backend knows is null. */
interface ListedStack {
  readonly name: string;
  readonly current: boolean;
  readonly network: string | null;
  readonly engine: "embedded" | "pulumi";
  readonly lastUpdate: string | null;
  readonly resourceCount: number | null;
  readonly updateInProgress: boolean | null;
}

async function listedStacks(project: Project): Promise<ListedStack[]> {
  const { root, stateRoot } = project;
  const states = new Map(
    (await listStacks({ projectDir: root, stateRoot })).map((listed) => [listed.name, listed]),
  );
  const current = selectedStack(project);
  return stackNames(project).map((name) => {
    const state = states.get(name);
    return {
      name,
      current: name === current,
      network: readConfig(project, name)["masumi:network"] ?? null,
      ...(isLocalStack(name)
        ? {
            engine: "embedded",
            lastUpdate: state?.lastUpdate ?? null,
            resourceCount: state?.resourceCount ?? 0,
            updateInProgress: state?.isLocked ?? false,
          }
        : { engine: "pulumi", lastUpdate: null, resourceCount: null, updateInProgress: null }),
    };
  });
}

/** `stack ls`: the stacks of this project by their files. */
export async function stackList(project: Project, { json }: { readonly json?: boolean }): Promise<number> {
  const stacks = await listedStacks(project);
  if (json) {
    printJson({ version: 1, stacks });
    return 0;
  }
  const rows = stacks.map(({ name, current, network, engine, lastUpdate, resourceCount }) => [
    `${name}${current ? "*" : ""}`,
    network ?? "not set",
    engine === "embedded" ? "this machine" : "the Pulumi CLI",
    lastUpdate ?? (engine === "embedded" ? "never" : ""),
    resourceCount === null ? "" : String(resourceCount),
  ]);
  print(
    formatTable(["stack", "network", "run by", "last update", "resources"], rows, {
      columns: stdoutColumns(),
    }),
  );
  if (stacks.some(({ engine }) => engine === "pulumi"))
    print("To list all stacks in a Pulumi backend: pulumi stack ls\n");
  return 0;
}

/** `stack`: where a stack stands, as `pulumi stack` says of others. */
export async function stackSummary(project: Project, { stack }: { readonly stack: string }): Promise<number> {
  requireStackFile(project, stack);
  const listed = (await listedStacks(project)).find(({ name }) => name === stack);
  const { lastUpdate, resourceCount } = listed ?? { lastUpdate: null, resourceCount: 0 };
  const option = stackOption(stack);
  print(
    lastUpdate === null
      ? `The stack ${stack} has not run yet. Run it with: npx masumi-agents up${option}\n`
      : `The stack ${stack}: ${resourceCount} resources, last update ${lastUpdate}.\n` +
          `Its agents: npx masumi-agents status${option}. Its outputs: npx masumi-agents stack output${option}\n`,
  );
  return 0;
}

/** `stack init local` or `local-<name>`: makes its file, the passphrase of its secrets and an empty state. */
export async function stackInit(project: Project, { stack }: { readonly stack: string }): Promise<number> {
  const isThere = localStackExists(project, stack);
  await initStack(localRun(project, stack));
  print(
    isThere
      ? `The stack ${stack} was there already.\n`
      : `Made the stack ${stack} (${stackFile(project, stack)}).\n`,
  );
  return 0;
}

/** `stack select`: commands that name no stack mean this one. */
export function stackSelect(project: Project, stack: string | undefined): number {
  if (stack === undefined) {
    throw new UserError(`Name the stack to select: ${stackNames(project).join(", ")}.`);
  }
  requireStackFile(project, stack);
  selectStack(project, stack);
  print(`Stack ${stack} is selected: commands that name no stack mean it.\n`);
  return 0;
}

const CREATES = new Set(["-c", "--create"]);

/** `stack select <other>`: Pulumi selects it too, and refuses what its backend does not have. */
export async function stackSelectOther(
  project: Project,
  stack: string,
  words: readonly string[],
): Promise<number> {
  if (!words.some((word) => CREATES.has(word))) requireStackFile(project, stack);
  const exitCode = await passToPulumi(project, stack, words);
  return exitCode === 0 ? stackSelect(project, stack) : exitCode;
}

/** `stack output [name]`: one output or all of them; secrets read `[secret]` unless they are asked for. */
export async function stackOutput(
  project: Project,
  name: string | undefined,
  { stack, json, showSecrets }: StackOutputFlags,
): Promise<number> {
  const outputs = await stackOutputs(localRun(project, stack), { showSecrets: showSecrets === true });
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
  print(`Current stack outputs (${names.length}):\n`);
  if (names.length === 0) print("    No output values currently in this stack\n");
  else {
    const pairs = names.map((key): [string, string] => [key, plain(outputs[key] ?? null)]);
    printPairs(["OUTPUT", "VALUE"], pairs, { margin: "    ", whole: "stack output <name>" });
  }
  return 0;
}

/** A text as it is, everything else as JSON. */
const plain = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** `stack export`: the state as JSON, secrets encrypted; `pulumi stack import` reads it. */
export async function stackExport(project: Project, { stack }: { readonly stack: string }): Promise<number> {
  printJson(await exportState(localRun(project, stack)));
  return 0;
}
