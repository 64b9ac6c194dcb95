import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { agentFiles, placeFiles } from "../../infra/crews/agent-files.ts";
import { fetchStoredDocuments } from "../../infra/crews/stored-documents.ts";
import { lockPackages, lockSentence } from "../../infra/crews/packages/lock.ts";
import { type Agent, type Complaint, codeFolders, runsInRuntime } from "../../infra/declarations/index.ts";
import { writeAtomicallySync } from "../../providers/common/atomic-write.ts";
import {
  type PythonEnvironment,
  addPackages,
  dropPackages,
} from "../../providers/crew-process/local/index.ts";
import { agentsFolder, complaintsAbout, loadStackAgents } from "../agents.ts";
import { readNetwork } from "../network.ts";
import { readOfflineConfig } from "../read-stack.ts";
import type { Project } from "../project.ts";
import { unknownAgent } from "../unknown-agent.ts";
import { UserError } from "../user-error.ts";
import { tryFolder } from "./try-folder.ts";

/** An agent with its files in place. */
export interface TriedAgent {
  readonly agent: Agent;
  /** The path of crew.json, and its content. */
  readonly declaration: string;
  readonly text: string;
}

/** What is to be tried. */
export interface Wanted {
  readonly stack: string;
  readonly agentId: string;
  /** Instead of the model that the agent names. */
  readonly modelName?: string;
}

/**
 * Read an agent's declaration, and place its files as a run of the stack would; packages are locked and installed if need be. Complaints
 * about other agents do not matter here, nor do missing keys of the payment service.
 *
 * @throws UserError when the stack has no such agent, or it does not run in the crew runtime; HostingError for its files;
 * CrewProcessError CREW_INSTALL_FAILED
 */
export async function placeTriedAgent(
  project: Project,
  environment: PythonEnvironment,
  { stack, agentId, modelName }: Wanted,
  onProgress: (message: string) => void,
): Promise<TriedAgent | readonly Complaint[]> {
  const { readable, complaints } = loadStackAgents(project, stack, { needsNoSecrets: true });
  const found = readable.find(({ id }) => id === agentId);
  const itsFile = `${agentsFolder(project, stack)}/${agentId}.yaml`;
  const own = found ? complaintsAbout(found, complaints) : complaints.filter(({ file }) => file === itsFile);
  if (own.length > 0) return own;
  if (!found) throw noSuchAgent(agentId, stack, readable, complaints);
  if (!runsInRuntime(found)) throw runsElsewhere(found);
  const agent = modelName === undefined ? found : { ...found, model: { ...found.model, name: modelName } };
  for (const lock of await lockPackages(project.root, codeFolders([agent]), onProgress)) {
    onProgress(lockSentence(lock));
  }
  const config = readOfflineConfig(project, stack);
  if (config) await fetchStoredDocuments({ config, projectRoot: project.root, agents: [agent] });
  const files = agentFiles(project.root, readNetwork(project, stack).network, agent);
  const folder = tryFolder(project, agentId);
  // What is asked is kept there, too.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  placeFiles(project.root, folder, files);
  const user = { projectRoot: project.root, home: folder };
  if (files.packages) await addPackages(user, files.packages.folder, environment);
  await dropPackages(user, files.packages?.folder);
  const declaration = join(folder, "crew.json");
  writeAtomicallySync(declaration, files.declaration);
  return { agent, declaration, text: files.declaration };
}

function noSuchAgent(
  agentId: string,
  stack: string,
  readable: readonly Agent[],
  complaints: readonly Complaint[],
): UserError {
  const more = complaints.length > 0 ? " Some files have mistakes: npx masumi-agents validate" : "";
  return unknownAgent(stack, agentId, readable, more);
}

const runsElsewhere = ({ id, file, source }: Agent): UserError =>
  new UserError(
    source.kind === "url"
      ? `${id} runs at ${source.url}, and is only registered from here: there is no crew to try. Hire it instead.`
      : `${id} brings an image of its own (${file}), which try cannot run. Start that image, or build it, and hire it.`,
  );
