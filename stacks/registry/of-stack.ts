import { configValues } from "../../local/engine/stack/index.ts";
import { hasStableCode } from "../../providers/common/coded-error.ts";
import { localRun } from "../local/local-stack.ts";
import { readNetwork } from "../network.ts";
import { type CallOptions, type Project, isEncrypted, isLocalStack, readConfig } from "../project.ts";
import { UserError } from "../user-error.ts";
import type { RegistryService } from "./client.ts";
import { type Listed, type RegistryReport, askRegistry } from "./health.ts";

const KEY = "masumi:registryKey";

/**
 * Ask a stack's registry service about agents; undefined where its settings name none. MASUMI_REGISTRY_KEY takes precedence over
 * masumi:registryKey, and is needed for any stack but local. Whatever stands in the way is in the report.
 *
 * @throws the signal's reason
 */
export async function askRegistryOfStack(
  project: Project,
  stack: string,
  agents: readonly Listed[],
  { env, signal }: CallOptions,
): Promise<RegistryReport | undefined> {
  const settings = readConfig(project, stack);
  const url = settings["masumi:registryServiceUrl"];
  if (!url) return undefined;
  const service = await serviceAt(project, stack, { url, ownKey: env["MASUMI_REGISTRY_KEY"] });
  if (typeof service === "string") return { problem: service, agents: new Map() };
  const allowPrivate = settings["masumi:allowPrivateUrls"] === "true";
  return askRegistry(service, agents, { allowPrivate, signal });
}

/** The service, or why it cannot be asked. */
async function serviceAt(
  project: Project,
  stack: string,
  { url, ownKey }: { readonly url: string; readonly ownKey: string | undefined },
): Promise<RegistryService | string> {
  try {
    const key = ownKey || (await keptKey(project, stack));
    return { url, key, network: readNetwork(project, stack).network };
  } catch (error) {
    if (error instanceof UserError || hasStableCode(error)) {
      return error.message.replaceAll(/\s*\n\s*/gu, " ");
    }
    throw error;
  }
}

/** A local stack keeps its secrets on this machine; those of any other stack only Pulumi can read. @throws UserError */
async function keptKey(project: Project, stack: string): Promise<string> {
  const kept = readConfig(project, stack)[KEY];
  if (!kept) {
    throw new UserError(`there is no key: npx masumi-agents config set -s ${stack} --secret ${KEY}`);
  }
  if (!isEncrypted(kept)) return kept;
  if (!isLocalStack(stack)) {
    throw new UserError(
      `${KEY} is a secret, which only Pulumi can read: set MASUMI_REGISTRY_KEY for this command.`,
    );
  }
  const values = await configValues(localRun(project, stack));
  return values.find(({ key }) => key === KEY)?.value ?? "";
}
