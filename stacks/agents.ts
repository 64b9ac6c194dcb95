import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  type AuthorSettings,
  ConfigurationError,
  authorSettings,
  declaredWallets,
  folderOfAgents,
} from "../infra/config.ts";
import {
  type Agent,
  type Complaint,
  type LoadedAgents,
  type SourceFile,
  isPipeline,
  loadAgents,
} from "../infra/declarations/index.ts";
import { type StackNetwork, readNetwork, readNetworkAs } from "./network.ts";
import { usesSandbox } from "./local/uses-sandbox.ts";
import {
  type Environment,
  type Project,
  isEncrypted,
  isLocalStack,
  namesOfSecrets,
  readConfig,
  stackFile,
} from "./project.ts";
import { UserError } from "./user-error.ts";

/**
 * Return the folder with a stack's agents, relative to the project's.
 * @throws ConfigurationError when masumi:agents is malformed
 */
export const agentsFolder = (project: Project, stack: string): string =>
  folderOfAgents(stack, readConfig(project, stack));

/** Return how many agents a stack's folder declares at most; cheap, for choosing the number of parallel steps. */
export function countAgents(project: Project, stack: string): number {
  // What is wrong with the setting is said by whoever reads the agents.
  const folder = unlessWrong(() => join(project.root, agentsFolder(project, stack)));
  if (folder === undefined || !existsSync(folder)) return 0;
  return readdirSync(folder).filter((file) => /\.ya?ml$/.test(file)).length;
}

/** Steps at a time that a run of so many agents needs: each waits in one of its own. */
export const parallelSteps = (agents: number): number => agents + 16;

/**
 * Return the names of the secrets that a stack has, whether they can be read here or not; undefined for a local stack, which
 * is given them by its first run.
 */
function secretsOf(
  project: Project,
  stack: string,
  settings: Readonly<Record<string, string>>,
): string[] | undefined {
  if (isLocalStack(stack) && !existsSync(stackFile(project, stack))) return undefined;
  const secrets = Object.keys(settings).map((key) => key.replace(/^masumi:/, ""));
  // The next run completes what an older release did not set.
  return isLocalStack(stack) && usesSandbox(project, stack) ? [...secrets, "runtimeKey"] : secrets;
}

export interface LoadStackOptions {
  /** Whether a stack file without any secret is one whose secrets will be set later: nothing that needs one is missed then. */
  readonly secretsMayFollow?: boolean;
  /** Whether no secret is missed: nobody is going to be paid. */
  readonly needsNoSecrets?: boolean;
  /** Tells whether this machine is a pipeline's, where crews may not run beside the keys. */
  readonly env?: Environment;
  /** Declarations that are to be judged instead of the stack's own. */
  readonly given?: readonly SourceFile[];
}

/**
 * Return the stack's agents, checked without network or Pulumi, and every complaint about their files.
 * @throws UserError when the stack has no file or no network; ConfigurationError when its limits for authors are malformed
 */
export function loadStackAgents(
  project: Project,
  stack: string,
  options: LoadStackOptions = {},
): LoadedAgents {
  const read = readNetwork(project, stack);
  return loadAs(project, stack, options, { ...read, limits: authorSettings(stack, read.settings) });
}

/** Return what is wrong with one agent: in its file, and in the folder of its code, which another agent may use, too. */
export const complaintsAbout = (
  { file, source }: Pick<Agent, "file" | "source">,
  complaints: readonly Complaint[],
): Complaint[] => {
  const folder = source.kind === "code" ? `${source.folder}/` : undefined;
  return complaints.filter((one) => one.file === file || (folder && one.file.startsWith(folder)));
};

/**
 * Return the same also where a stack's settings are wrong, which whoever asks reports: without limits for authors that cannot be
 * read, and without a network on the one where less is wrong with the files.
 * @throws UserError when the stack has no file
 */
export function judgeStackFiles(
  project: Project,
  stack: string,
  options: LoadStackOptions = {},
): LoadedAgents {
  const reads = unlessWrong(() => [readNetwork(project, stack)]) ?? [
    readNetworkAs(project, stack, "Preprod"),
    readNetworkAs(project, stack, "Mainnet"),
  ];
  const [judged, other] = reads.map((read) => {
    const limits = unlessWrong(() => authorSettings(stack, read.settings)) ?? authorSettings(stack, {});
    return loadAs(project, stack, options, { ...read, limits });
  });
  if (!judged) throw new Error("a stack is judged on one network at least");
  return other && other.complaints.length < judged.complaints.length ? other : judged;
}

function unlessWrong<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError || error instanceof ConfigurationError) return undefined;
    throw error;
  }
}

function loadAs(
  project: Project,
  stack: string,
  { secretsMayFollow = false, needsNoSecrets = false, env = {}, given }: LoadStackOptions,
  { network, assets, settings, limits }: StackNetwork & { readonly limits: AuthorSettings },
): LoadedAgents {
  const wallets = declaredWallets(settings);
  const hasSecrets = Object.values(settings).some(isEncrypted);
  const isWithout = needsNoSecrets || (secretsMayFollow && !hasSecrets);
  const secrets = isWithout ? undefined : secretsOf(project, stack, settings);
  return loadAgents({
    folder: folderOfAgents(stack, settings),
    given,
    projectRoot: project.root,
    stack,
    network,
    hosting: settings["masumi:hosting"] ?? "process",
    ...limits,
    inPipeline: isPipeline(env),
    allowPrivateUrls: settings["masumi:allowPrivateUrls"] === "true",
    // Where nobody is going to be paid, what is not evaluated yet may be tried.
    requireEvals: !needsNoSecrets && settings["masumi:requireEvals"] === "true",
    ...(wallets ? { wallets } : {}),
    ...(secrets ? { secrets, agentsWithKeys: namesOfSecrets(settings) } : {}),
    ...(assets ? { assets } : {}),
  });
}
