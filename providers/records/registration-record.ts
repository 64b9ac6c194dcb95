import * as pulumi from "@pulumi/pulumi";
import type { Server } from "../database/server.ts";
import { PROVIDER_TEXTS } from "../provider-texts.ts";
import { RecordsError } from "./errors.ts";
import { rowProvider } from "./row-provider.ts";
import { type RowKey, inRecords, readRow } from "./table.ts";

export interface RegistrationRecordArgs extends RowKey {
  /** URL of the database; kept as a secret. */
  readonly server: pulumi.Input<string>;
  readonly ca?: string;
  readonly owner: string;
  readonly registrationId: pulumi.Input<string>;
  /** The agent's identifier on the network; on V2 it changes with every update. */
  readonly masumiId: pulumi.Input<string>;
  readonly txHash: pulumi.Input<string>;
  /** SHA-256 of the agent's file, in hex: all that it says is done once this is recorded. */
  readonly declared: string;
}

interface Inputs extends RowKey, Server {
  readonly owner: string;
  readonly registrationId: string;
  readonly masumiId: string;
  readonly txHash: string;
  /** Absent in older states. */
  readonly declared?: string;
}

const WRITTEN = ["server", "ca", "owner", "registrationId", "masumiId", "txHash", "declared"] as const;

async function write(inputs: Inputs): Promise<Inputs> {
  const { agentId, network, owner, registrationId, masumiId, txHash, declared } = inputs;
  const { rowCount } = await inRecords(inputs, (client) =>
    client.query(
      `UPDATE agents
          SET state = 'registered', registration_id = $4, masumi_id = $5, tx_hash = $6, declared = $7, updated_at = now()
        WHERE id = $1 AND network = $2 AND owner = $3`,
      [agentId, network, owner, registrationId, masumiId, txHash, declared],
    ),
  );
  if (rowCount !== 0) return inputs;
  throw new RecordsError(
    "RECORDS_REFUSED",
    `The row of ${agentId} on ${network} is gone from the records.`,
    "Run refresh, then up: it is written again.",
  );
}

/** The dynamic provider behind RegistrationRecord. */
export const provider = {
  ...rowProvider(WRITTEN, write),

  /** Reports what the row says, so the next run mends it. */
  async read(id: string, props: Inputs) {
    const row = await inRecords(props, (client) => readRow(client, props));
    if (row?.state !== "registered") return {};
    const { masumi_id: masumiId, tx_hash: txHash, registration_id: registrationId, declared } = row;
    const seen = { masumiId, txHash, registrationId, declared };
    return { id, props: { ...props, ...seen } };
  },

  /** The agent takes no more jobs from now on, and its registration is removed next. */
  async delete(_id: string, inputs: Inputs) {
    await inRecords(inputs, (client) =>
      client.query(
        `UPDATE agents SET state = 'leaving', updated_at = now()
          WHERE id = $1 AND network = $2 AND owner = $3 AND state = 'registered'`,
        [inputs.agentId, inputs.network, inputs.owner],
      ),
    );
  },
};

/** What an agent's row says of its registration, once the chain has confirmed it. A new identifier is an update of the row. */
export class RegistrationRecord extends pulumi.CustomResource {
  constructor(name: string, args: RegistrationRecordArgs, options?: pulumi.CustomResourceOptions) {
    super(
      "pulumi-nodejs:dynamic/masumi:RegistrationRecord",
      name,
      { ...args, server: pulumi.secret(args.server), __provider: PROVIDER_TEXTS.RegistrationRecord },
      pulumi.mergeOptions(options, { additionalSecretOutputs: ["server"] }),
    );
  }
}
