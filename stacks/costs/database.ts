import { schemaOf } from "../../infra/crews/environment.ts";
import { type Agent, neededSecrets } from "../../infra/declarations/index.ts";
import { type StackKeys, hasKey, hasOwnKey } from "../../infra/hosting/agent-keys.ts";
import { type StoredUsage, readStoredUsage } from "../../providers/database/agent-usage.ts";
import { readNetwork } from "../network.ts";
import { type CallOptions, type Project, isEncrypted, namesOfSecrets } from "../project.ts";

/** The variable with a database's URL, for commands: the settings keep it as a secret, which only Pulumi can read. */
export const DATABASE_URL = "MASUMI_DATABASE_URL";

interface Wanted {
  readonly stack: string;
  readonly agents: readonly Agent[];
  readonly month?: string | undefined;
  readonly jobs?: boolean | undefined;
}

/**
 * Return what the stack's database has of agents whose runtimes cannot be asked from here, by agent: undefined of one that never ran, an
 * Error that says why of one of which nothing can be read.
 */
export async function readDatabaseUsage(
  project: Project,
  { stack, agents, month, jobs = false }: Wanted,
  { env }: Pick<CallOptions, "env">,
): Promise<ReadonlyMap<string, StoredUsage | Error | undefined>> {
  const { network, settings } = readNetwork(project, stack);
  const { "masumi:owner": owner = "", "masumi:databaseCa": ca } = settings;
  const keys = keysOf(settings);
  const server = env[DATABASE_URL];
  const found = new Map<string, StoredUsage | Error | undefined>();
  const schemas = new Map<string, string>();
  for (const agent of agents) {
    const { id } = agent;
    if (!neededSecrets(agent).includes("DATABASE_URL") || !hasKey(keys, "databaseUrl", id)) {
      found.set(id, new Error("its tasks on ECS have no database, and take what they counted with them"));
    } else if (hasOwnKey(keys, "databaseUrl", id) !== false) {
      found.set(id, new Error("its database is one of masumi:databaseUrls, which are not read from here"));
    } else if (!server) {
      found.set(
        id,
        new Error(`set ${DATABASE_URL} for this command: its tasks on ECS keep it in that database`),
      );
    } else schemas.set(id, schemaOf(agent, { owner, network }));
  }
  if (!server || schemas.size === 0) return found;
  try {
    const at = { server, ca };
    const read = await readStoredUsage(at, [...schemas.values()], { month, byJob: jobs });
    for (const [id, schema] of schemas) found.set(id, read.get(schema));
  } catch (error) {
    const [reason = ""] = (error as Error).message.split("\n");
    for (const id of schemas.keys()) found.set(id, new Error(reason));
  }
  return found;
}

/** Which secrets the stack's file has. */
const keysOf = (settings: Readonly<Record<string, string>>): StackKeys => ({
  secrets: Object.entries(settings).flatMap(([name, value]) =>
    isEncrypted(value) ? [name.replace(/^masumi:/, "")] : [],
  ),
  agentsWithKeys: namesOfSecrets(settings),
});
