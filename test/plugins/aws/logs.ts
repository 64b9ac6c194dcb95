import { z } from "zod";
import { ifThere } from "./clients.ts";
import { resource, tagged } from "./types.ts";

export const logGroup = resource({
  inputs: z.strictObject({ ...tagged, name: z.string(), retentionInDays: z.number() }),
  outputs: z.object({}),
  replaces: ["name"],

  async create({ name, retentionInDays }, { client }) {
    const logs = await client.logs();
    await logs.createLogGroup({ logGroupName: name });
    await logs.putRetentionPolicy({ logGroupName: name, retentionInDays });
    return { id: name, outputs: {} };
  },
  async read(id, known, { client }) {
    const logs = await client.logs();
    const { logGroups = [] } = await logs.describeLogGroups({ logGroupNamePrefix: id });
    return logGroups.some(({ logGroupName }) => logGroupName === id) ? known : undefined;
  },
  async update(id, { retentionInDays }, { outputs }, { client }) {
    const logs = await client.logs();
    await logs.putRetentionPolicy({ logGroupName: id, retentionInDays });
    return outputs;
  },
  async delete(id, _old, { client }) {
    const logs = await client.logs();
    await ifThere(logs.deleteLogGroup({ logGroupName: id }));
  },
});
