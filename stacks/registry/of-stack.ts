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
  const service = await registryServiceOf(project, stack, { env });
  if (service === undefined) return undefined;
  if (typeof service === "string") return { problem: service, agents: new Map() };
  const allowPrivate = readConfig(project, stack)["masumi:allowPrivateUrls"] === "true";
  return askRegistry(service, agents, { allowPrivate, signal });
}

/** Return a stack's registry service, or why it cannot be asked; undefined where its settings name none. */
export async function registryServiceOf(
  project: Project,
  stack: string,
  { env }: Pick<CallOptions, "env">,
): Promise<RegistryService | string | undefined> {
  const url = readConfig(project, stack)["masumi:registryServiceUrl"];
  if (!url) return undefined;
  try {
    const key = env["MASUMI_REGISTRY_KEY"] || (await keptKey(project, stack));
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
