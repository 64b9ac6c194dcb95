import * as pulumi from "@pulumi/pulumi";
import { DatabaseRole } from "../../providers/database/index.ts";
import type { StackConfig } from "../config.ts";
import { type Agent, neededSecrets } from "../declarations/index.ts";
import { schemaOf } from "./environment.ts";

/** Returns the URL with which an agent reaches its jobs; undefined if it keeps none in a database. */
export type DatabaseOf = (
  agent: Agent,
  options: pulumi.CustomResourceOptions,
) => pulumi.Output<string> | undefined;

/** Gives each agent a role of its own in masumi:databaseUrl, unless masumi:databaseUrls has a URL of the agent's own. */
export function agentDatabases(config: StackConfig, agents: readonly Agent[]): DatabaseOf {
  const { databaseUrl: server, databaseUrls = {}, databaseCa: ca, keepDays } = config;
  const sharing = agents.filter(
    (agent) => neededSecrets(agent).includes("DATABASE_URL") && !(agent.id in databaseUrls),
  );
  return (agent, options) => {
    const { id } = agent;
    if (!neededSecrets(agent).includes("DATABASE_URL")) return undefined;
    const own = databaseUrls[id];
    if (own !== undefined) return pulumi.secret(own);
    if (server === undefined) return undefined;
    const name = schemaOf(agent, config);
    const args = {
      agentId: id,
      server,
      role: name,
      schema: name,
      isOnlyAgent: sharing.length === 1,
      keepDays,
    };
    return new DatabaseRole(id, { ...args, ...(ca ? { ca } : {}) }, options).url;
  };
}
