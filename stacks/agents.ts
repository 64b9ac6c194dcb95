import { existsSync, readdirSync } from "node:fs";
import { assetOverrides } from "../infra/config.ts";
import { type LoadedAgents, loadAgents } from "../infra/declarations/index.ts";
import { LOCAL_STACK, type Project, readConfig, stackFile } from "./project.ts";
import { UserError } from "./user-error.ts";

/** How many agents the folder declares at most; cheap, for choosing the number of parallel steps. */
export function countAgents(project: Project): number {
  if (!existsSync(project.agents)) return 0;
  return readdirSync(project.agents).filter((file) => /\.ya?ml$/.test(file)).length;
}

/** What a fresh local stack will be set to; any other stack must have its file. */
const LOCAL_DEFAULTS: Readonly<Record<string, string>> = {
  "masumi:network": "Preprod",
  "masumi:hosting": "process",
};

/**
 * The stack's agents, checked without network or Pulumi.
 * @throws UserError when the stack has no file or no network
 */
export function loadStackAgents(project: Project, stack: string): LoadedAgents {
  const settings = { ...(stack === LOCAL_STACK ? LOCAL_DEFAULTS : {}), ...readConfig(project, stack) };
  const network = settings["masumi:network"];
  if (network !== "Preprod" && network !== "Mainnet") {
    throw new UserError(
      `${stackFile(project, stack)} does not say masumi:network (Preprod or Mainnet). Name another stack with --stack.`,
    );
  }
  const assets = assetOverrides(settings);
  return loadAgents({
    folder: project.agents,
    projectRoot: project.root,
    stack,
    network,
    hosting: settings["masumi:hosting"] ?? "process",
    documents: settings["masumi:documents"],
    ...(assets ? { assets } : {}),
  });
}
