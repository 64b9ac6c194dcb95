import { ConfigurationError } from "../../infra/config.ts";
import {
  type Agent,
  type Complaint,
  codeFolders,
  formatComplaints,
  ownRepository,
  packagesReader,
  unlockedNotice,
} from "../../infra/declarations/index.ts";
import { hostingRefusals } from "../../infra/fleet/index.ts";
import { agentsFolder, judgeStackFiles, loadStackAgents } from "../../stacks/agents.ts";
import { type Project, stackNames } from "../../stacks/project.ts";
import { readOfflineConfig, wrongInFile } from "../../stacks/read-stack.ts";
import { printComplaints } from "../doctor/complaints.ts";
import { explainsItself } from "../explains-itself.ts";
import { count, print, printJson } from "../text.ts";

/**
 * Prints what is wrong with a stack's files together with what is wrong with its settings, and returns exit code 1.
 *
 * @throws the error that the settings led to, if the files are right
 */
export function printWithSettings(
  project: Project,
  error: unknown,
  { stack, json = false }: StackFlags,
): number {
  if (!explainsItself(error)) throw error;
  const { complaints } = judgeStackFiles(project, stack);
  if (complaints.length === 0) throw error;
  const problems = error instanceof ConfigurationError ? error.problems : [error.message];
  if (!json) print(`${error.message}\n\n`, process.stderr);
  return printComplaints(complaints, json, problems);
}

/** Prints why the stack cannot host agents whose files are right, and returns exit code 1. */
export function printProblems(problems: readonly string[], json: boolean): number {
  if (json) printJson({ ok: false, complaints: [], problems });
  else print(`${problems.map((problem) => `Problem: ${problem}`).join("\n")}\n`, process.stderr);
  return 1;
}

/** Returns what is said of folders whose packages are not locked; in a pipeline these are complaints already. */
function unlockedPackages({ root }: Project, agents: readonly Agent[]): string[] {
  const read = packagesReader(root);
  return codeFolders(agents).flatMap((folder) => {
    const notice = unlockedNotice(folder, read(folder));
    return notice ? [`Notice: ${notice.message}: ${notice.remedy}. In a pipeline it is refused.`] : [];
  });
}

/** Returns what is said of folders that a clone would find empty, though everything works where they are. */
function ownRepositories({ root }: Project, agents: readonly Agent[]): string[] {
  const folders = agents.flatMap(({ source }) =>
    source.kind === "code" || source.kind === "build" ? [ownRepository(root, source.folder)] : [],
  );
  return [...new Set(folders)].flatMap((folder) =>
    folder === undefined
      ? []
      : [
          `Notice: ${folder} is a git repository of its own (crewai create makes one), so commits of this one do not contain its files: remove ${folder}/.git. In a pipeline the folder is empty.`,
        ],
  );
}

interface StackFlags {
  readonly stack: string;
  readonly json?: boolean;
}

export interface ValidateFlags extends StackFlags {
  /** Whether the stack was named, and is not just the selected one. @default true */
  readonly isStackNamed?: boolean;
}

/**
 * `validate`: exit code 0 when every declaration of the stack is right, else 1. Where none is named, those in the folders of the
 * project's other stacks are looked at too.
 */
export function validate(project: Project, flags: ValidateFlags): number {
  const { stack, json = false, isStackNamed = true } = flags;
  try {
    const elsewhere = isStackNamed ? [] : complaintsElsewhere(project, stack);
    if (elsewhere.length === 0) return judge(project, flags);
    const { complaints } = judgeStackFiles(project, stack);
    return printComplaints([...complaints, ...elsewhere], json);
  } catch (error) {
    return printWithSettings(project, error, flags);
  }
}

/** Returns what is wrong in folders of agents that are not this stack's, each judged once, for the first stack that names it. */
function complaintsElsewhere(project: Project, own: string): Complaint[] {
  const judged = new Set([folderOf(project, own)]);
  return stackNames(project).flatMap((stack) => {
    const folder = folderOf(project, stack);
    if (folder === undefined || judged.has(folder)) return [];
    judged.add(folder);
    return judgeStackFiles(project, stack, { needsNoSecrets: true }).complaints;
  });
}

/** Undefined where the setting is malformed, which the stack's own commands say. */
function folderOf(project: Project, stack: string): string | undefined {
  try {
    return agentsFolder(project, stack);
  } catch (error) {
    if (error instanceof ConfigurationError) return undefined;
    throw error;
  }
}

function judge(project: Project, flags: StackFlags): number {
  const wrong = wrongInFile(project, flags.stack);
  if (wrong.length > 0) throw new ConfigurationError(flags.stack, wrong);
  // The stacks that a repository starts with have none: whoever clones it can validate the agents all the same.
  const { agents, complaints } = loadStackAgents(project, flags.stack, {
    secretsMayFollow: true,
    env: process.env,
  });
  if (complaints.length > 0) return printComplaints(complaints, flags.json === true);
  const config = readOfflineConfig(project, flags.stack);
  const problems = config ? hostingRefusals(config, agents) : [];
  if (problems.length > 0) return printProblems(problems, flags.json === true);
  const secretsNeeded = loadStackAgents(project, flags.stack, { env: process.env }).complaints;
  const unlocked = unlockedPackages(project, agents);
  const ownGit = ownRepositories(project, agents);
  if (flags.json) {
    const valid = agents.map(({ id, file }) => ({ id, file }));
    printJson({ ok: true, agents: valid, secretsNeeded, unlocked, ownRepositories: ownGit });
    return 0;
  }
  print(
    `${count(agents.length, "agent")} valid for stack ${flags.stack}: ${agents.map(({ id }) => id).join(", ")}\n`,
  );
  for (const notice of [...unlocked, ...ownGit]) print(`${notice}\n`, process.stderr);
  if (secretsNeeded.length > 0) {
    print(
      `The stack has no secrets yet. Before it can run, it needs some:\n${formatComplaints(secretsNeeded)}\n`,
      process.stderr,
      "  ",
    );
  }
  return 0;
}
