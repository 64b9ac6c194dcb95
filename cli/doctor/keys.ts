import { type StackConfig, runtimeKeysOf } from "../../infra/config.ts";
import { type Agent, neededSecrets } from "../../infra/declarations/index.ts";
import { keyWarnings, readRuntimeKeys } from "../../infra/fleet/index.ts";
import { MasumiClient } from "../../providers/masumi/service/index.ts";
import { DATABASE_URL } from "../../stacks/costs/database.ts";
import { type Verdict, fail, failure, ok, skip, warn } from "./finding.ts";
import { judgeRuntimeKeys } from "./service.ts";

const ANSWERS_WITHIN_MS = 10_000;

/** Secrets of stacks but local can only be read by Pulumi; these variables lend them to doctor. */
const RUNTIME_KEY = "MASUMI_RUNTIME_KEY";
const RECORDS_URL = "MASUMI_RECORDS_URL";

const lent = (setting: string, variable: string): Verdict =>
  skip(`only Pulumi can read ${setting}: set ${variable} to its value to have it checked`);

/** Whether the keys that crews take payments with may do more than that. */
export async function checkRuntimeKeys(config: StackConfig, agents: readonly Agent[]): Promise<Verdict[]> {
  const paid = agents.filter((agent) => neededSecrets(agent).includes("PAYMENT_KEY"));
  const warnings = keyWarnings(config, agents).map((warning) => warn(warning, ""));
  if (paid.length === 0) return [skip("no agent of this stack takes payments with a key of it"), ...warnings];
  const given = process.env[RUNTIME_KEY];
  const known: StackConfig = given ? { ...config, runtimeKey: given } : config;
  if (runtimeKeysOf(known).length === 0) return [lent("masumi:runtimeKey", RUNTIME_KEY), ...warnings];
  const { paymentServiceUrl: url } = config;
  const keys = await readRuntimeKeys(known, (token) =>
    new MasumiClient({ url, token, timeoutMs: ANSWERS_WITHIN_MS }).apiKeyStatus(),
  );
  return [...judgeRuntimeKeys(config, keys), ...warnings];
}

/** Whether the database can be reached from here, and each agent be given a role of its own. */
export async function checkDatabase(config: StackConfig, agents: readonly Agent[]): Promise<Verdict[]> {
  const sharing = agents.filter(
    ({ id, ...agent }) =>
      neededSecrets(agent).includes("DATABASE_URL") &&
      config.agentsWithKeys?.["databaseUrls"]?.includes(id) !== true,
  );
  if (sharing.length === 0 || !config.secrets.includes("databaseUrl")) {
    return [skip("no agent of this stack needs a role in masumi:databaseUrl")];
  }
  const server = process.env[DATABASE_URL] ?? config.databaseUrl;
  if (!server) return [lent("masumi:databaseUrl", DATABASE_URL)];
  const { askDatabase } = await import("../../providers/database/ask.ts");
  try {
    const { place, mayCreateRoles } = await askDatabase({ server, ca: config.databaseCa });
    if (mayCreateRoles) return [ok(`${place} can give each agent a role of its own`)];
    if (sharing.length === 1)
      return [warn(`the user of masumi:databaseUrl may not create roles, so ${place} is one agent's`, "")];
    return [
      fail(
        `the user of masumi:databaseUrl may not create roles in ${place}, and ${sharing.length} agents would share it`,
        "give it CREATEROLE, or each agent a URL of its own in masumi:databaseUrls (docs/operations.md, Database)",
      ),
    ];
  } catch (error) {
    return [failure(error)];
  }
}

/** Whether agents can be recorded: the database can be reached from here, and has the table. */
export async function checkRecords(config: StackConfig): Promise<Verdict[]> {
  if (!config.secrets.includes("records")) return [skip("this stack records its agents in no database")];
  const server = process.env[RECORDS_URL] ?? config.records;
  if (!server) return [lent("masumi:records", RECORDS_URL)];
  const { askRecords } = await import("../../providers/records/table.ts");
  try {
    const { place } = await askRecords({ server, ca: config.recordsCa });
    return [ok(`agents are recorded in ${place}`)];
  } catch (error) {
    return [failure(error)];
  }
}
