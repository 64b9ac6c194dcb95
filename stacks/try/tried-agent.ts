import { join } from "node:path";
import { agentFiles, placeFiles } from "../../infra/crews/agent-files.ts";
import { type Agent, type Complaint, runsInRuntime } from "../../infra/declarations/index.ts";
import { writeAtomicallySync } from "../../providers/common/atomic-write.ts";
import { loadStackAgents } from "../agents.ts";
import { readNetwork } from "../network.ts";
import type { Project } from "../project.ts";
import { UserError } from "../user-error.ts";
import { tryFolder } from "./try-folder.ts";

/** An agent with its files in place. */
export interface TriedAgent {
  readonly agent: Agent;
  /** The path of crew.json, and its content. */
  readonly declaration: string;
  readonly text: string;
}

/**
 * Read an agent's declaration, and place its files as a run of the stack would. Complaints about other files do not matter here, nor
 * do missing keys of the payment service.
 *
 * @throws UserError when the stack has no such agent, or it does not run in the crew runtime; HostingError for its files
 */
export function placeTriedAgent(
  project: Project,
  {
    stack,
    agentId,
    modelName,
  }: { readonly stack: string; readonly agentId: string; readonly modelName?: string },
): TriedAgent | readonly Complaint[] {
  const { readable, complaints } = loadStackAgents(project, stack, { needsNoSecrets: true });
  const found = readable.find(({ id }) => id === agentId);
  const itsFile = found?.file ?? `agents/${agentId}.yaml`;
  const own = complaints.filter(({ file }) => file === itsFile);
  if (own.length > 0) return own;
  if (!found) throw noSuchAgent(agentId, stack, readable, complaints);
  if (!runsInRuntime(found)) throw runsElsewhere(found);
  const agent = modelName === undefined ? found : { ...found, model: { ...found.model, name: modelName } };
  const files = agentFiles(project.root, readNetwork(project, stack).network, agent);
  const folder = tryFolder(project, agentId);
  placeFiles(project.root, folder, files);
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
  const known = readable.map(({ id }) => id).join(", ") || "none";
  const more = complaints.length > 0 ? " Some files have mistakes: npx masumi-agents validate" : "";
  return new UserError(`Stack ${stack} has no agent ${agentId}. Its agents: ${known}.${more}`);
}

const runsElsewhere = ({ id, file, source }: Agent): UserError =>
  new UserError(
    source.kind === "url"
      ? `${id} runs at ${source.url}, and is only registered from here: there is no crew to try. Hire it instead.`
      : `${id} brings an image of its own (${file}), which try cannot run. Start that image, or build it, and hire it.`,
  );
