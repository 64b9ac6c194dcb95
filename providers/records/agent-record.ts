import * as pulumi from "@pulumi/pulumi";
import type { Server } from "../database/server.ts";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { RecordsError } from "./errors.ts";
import { rowProvider } from "./row-provider.ts";
import { type RowKey, inRecords, readRow } from "./table.ts";

/** What of an agent is known before it is registered. */
interface Described {
  /** Who declares the agent: an id that another owner has recorded is refused (RECORD_TAKEN). @example "example/agents" */
  readonly owner: string;
  /** The stack's name. @example pulumi.getStack() */
  readonly stack: string;
  /** Whom the agent belongs to, in words of its owner; "" for nobody. @example "customer-7" */
  readonly userId: string;
  /** What buyers read as its name. @example "Translator" */
  readonly name: string;
}

/** What the row says. A change of `agentId` or `network` replaces: the new row is written, and the old one says `deregistered`. */
export interface AgentRecordArgs extends RowKey, Described {
  /** URL of the PostgreSQL database; kept as a secret. @example config.requireSecret("records") */
  readonly server: pulumi.Input<string>;
  /** The certificates that the database's certificate is checked against, as PEM text. @default the public authorities' */
  readonly ca?: string;
  /** The agent's URL. @example "https://agents.example.com/translator" */
  readonly apiUrl: pulumi.Input<string>;
}

interface Inputs extends RowKey, Described, Server {
  readonly apiUrl: string;
}

const WRITTEN = ["server", "ca", "owner", "stack", "userId", "name", "apiUrl"] as const;

/**
 * Writes the row. One whose agent was deregistered begins anew; of one that is registered, only what this resource knows is written. A
 * row of another owner stays as it is.
 */
const UPSERT = `
  INSERT INTO agents AS known (id, network, owner, stack, user_id, name, api_url, state)
  VALUES ($1, $2, $3, $4, NULLIF($5, ''), $6, $7, 'starting')
  ON CONFLICT (id, network) DO UPDATE SET
    owner = excluded.owner, stack = excluded.stack, user_id = excluded.user_id, name = excluded.name,
    api_url = excluded.api_url, updated_at = now(),
    state = CASE known.state WHEN 'deregistered' THEN 'starting' ELSE known.state END,
    masumi_id = CASE known.state WHEN 'deregistered' THEN NULL ELSE known.masumi_id END,
    tx_hash = CASE known.state WHEN 'deregistered' THEN NULL ELSE known.tx_hash END,
    registration_id = CASE known.state WHEN 'deregistered' THEN NULL ELSE known.registration_id END,
    declared = CASE known.state WHEN 'deregistered' THEN NULL ELSE known.declared END
  WHERE known.owner = excluded.owner OR known.state = 'deregistered'`;

async function write(inputs: Inputs): Promise<Inputs> {
  const { agentId, network, owner, stack, userId, name, apiUrl } = inputs;
  const values = [agentId, network, owner, stack, userId, name, apiUrl];
  const { rowCount } = await inRecords(inputs, (client) => client.query(UPSERT, values));
  if (rowCount !== 0) return inputs;
  throw new RecordsError(
    "RECORD_TAKEN",
    `The records already have an agent ${agentId} on ${network}, of another owner than ${owner}.`,
    "Give one of the two another id, or the fleets' stacks another database in masumi:records.",
  );
}

/** The dynamic provider behind AgentRecord. */
export const provider = {
  ...rowProvider(WRITTEN, write),

  /** Reports what the row says, so the next run mends it; a row that is gone is written again. */
  async read(id: string, props: Inputs) {
    const row = await inRecords(props, (client) => readRow(client, props));
    if (!row || row.state === "deregistered") return {};
    const { owner, stack, user_id: userId, name, api_url: apiUrl } = row;
    return { id, props: { ...props, owner, stack, userId: userId ?? "", name, apiUrl } };
  },

  /** Its registration is gone by now; the row stays, and says so. */
  async delete(_id: string, inputs: Inputs) {
    await inRecords(inputs, (client) =>
      client.query(
        `UPDATE agents SET state = 'deregistered', updated_at = now()
          WHERE id = $1 AND network = $2 AND owner = $3 AND state <> 'deregistered'`,
        [inputs.agentId, inputs.network, inputs.owner],
      ),
    );
  },
};

/**
 * An agent's row in the table of agents (masumi:records), for whoever wants to know of every agent, whichever way it was declared. It is
 * written before anything is registered, and says `deregistered` once nothing is any more; no row is ever removed. The table is made by
 * portal/sql (docs/operations.md, Records of agents).
 *
 * Errors (docs/errors.md): RECORDS_UNREACHABLE, RECORDS_TABLE_MISSING, RECORDS_REFUSED, RECORD_TAKEN.
 *
 * @example
 *   const record = new AgentRecord("translator", {
 *     agentId: "translator",
 *     network: "Preprod",
 *     owner: "example/agents",
 *     stack: pulumi.getStack(),
 *     userId: "",
 *     name: "Translator",
 *     apiUrl: "https://agents.example.com/translator",
 *     server: config.requireSecret("records"),
 *   });
 *   // Before it is registered: new AgentRegistration("translator", { … }, { dependsOn: record });
 */
export class AgentRecord extends pulumi.CustomResource {
  constructor(name: string, args: AgentRecordArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "pulumi-nodejs:dynamic/masumi:AgentRecord",
      name,
      { ...args, server: pulumi.secret(args.server), __provider: PROVIDER_TEXTS.AgentRecord },
      pulumi.mergeOptions(options, { additionalSecretOutputs: ["server"] }),
    );
  }
}
