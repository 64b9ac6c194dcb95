import { exportState, initStack, listStacks, stackOutputs } from "../../../local/engine/stack/index.ts";
import { localRun, localStackExists } from "../../../stacks/local/local-stack.ts";
import {
  LOCAL_STACK,
  type Project,
  readConfig,
  requireStackFile,
  selectStack,
  selectedStack,
  stackFile,
  stackNames,
} from "../../../stacks/project.ts";
import { UserError } from "../../../stacks/user-error.ts";
import { passToPulumi } from "../../pulumi.ts";
import { formatTable, printJson, stdoutColumns } from "../../text.ts";

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
  const local = (await listStacks({ projectDir: root, stateRoot })).find(({ name }) => name === LOCAL_STACK);
  const current = selectedStack(project);
  return stackNames(project).map((name) => ({
    name,
    current: name === current,
    network: readConfig(project, name)["masumi:network"] ?? null,
    ...(name === LOCAL_STACK
      ? {
          engine: "embedded",
          lastUpdate: local?.lastUpdate ?? null,
          resourceCount: local?.resourceCount ?? 0,
          updateInProgress: local?.isLocked ?? false,
        }
      : { engine: "pulumi", lastUpdate: null, resourceCount: null, updateInProgress: null }),
  }));
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
  process.stdout.write(
    formatTable(["stack", "network", "run by", "last update", "resources"], rows, {
      columns: stdoutColumns(),
    }),
  );
  if (stacks.length > 1) process.stdout.write("What their backend knows of the others: pulumi stack ls\n");
  return 0;
}

/** `stack`: where a stack stands, as `pulumi stack` says of others. */
export async function stackSummary(project: Project): Promise<number> {
  const [local] = await listedStacks(project);
  const { lastUpdate, resourceCount } = local ?? { lastUpdate: null, resourceCount: 0 };
  process.stdout.write(
    lastUpdate === null
      ? "The stack local was not made yet. Make it with: npx masumi-agents sandbox\n"
      : `The stack local: ${resourceCount} resources, last update ${lastUpdate}.\n` +
          "Its agents: npx masumi-agents status. Its outputs: npx masumi-agents stack output\n",
  );
  return 0;
}

/** `stack init local`: makes Pulumi.local.yaml, the passphrase of its secrets and an empty state. */
export async function stackInit(project: Project): Promise<number> {
  const isThere = localStackExists(project);
  await initStack(localRun(project, 0));
  process.stdout.write(
    isThere
      ? "The stack local was there already.\n"
      : `Made the stack local (${stackFile(project, LOCAL_STACK)}).\n`,
  );
  return 0;
}

/** `stack select local`: commands that name no stack mean local again. */
export function stackSelect(project: Project, stack: string | undefined): number {
  if (stack === undefined) {
    throw new UserError(`Name the stack to select: ${stackNames(project).join(", ")}.`);
  }
  selectStack(project, stack);
  process.stdout.write(`Stack ${stack} is selected: commands that name no stack mean it.\n`);
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
  const exitCode = await passToPulumi(project, words);
  return exitCode === 0 ? stackSelect(project, stack) : exitCode;
}

/** `stack output [name]`: one output or all of them; secrets read `[secret]` unless they are asked for. */
export async function stackOutput(
  project: Project,
  name: string | undefined,
  { stack, json, showSecrets }: StackOutputFlags,
): Promise<number> {
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
export async function stackExport(project: Project): Promise<number> {
  printJson(await exportState(localRun(project, 0)));
  return 0;
}
