import type { ResourceRecordSet } from "@aws-sdk/client-route-53";
import { z } from "zod";
import { type Aws, ifThere, told } from "./clients.ts";
import { invoke, resource } from "./types.ts";

const withoutDot = (name: string): string => name.replace(/\.$/, "");
const bareId = (zoneId: string): string => zoneId.replace("/hostedzone/", "");

export const getZone = invoke({
  inputs: z.strictObject({ name: z.string() }),
  async run({ name }, { client }) {
    const route53 = await client.route53();
    const { HostedZones = [] } = await route53.listHostedZonesByName({ DNSName: name });
    const zone = HostedZones.find((zone) => withoutDot(zone.Name ?? "") === withoutDot(name));
    if (!zone) throw new Error(`no matching Route 53 Hosted Zone found: ${name}`);
    const zoneId = bareId(told(zone.Id, "the zone's id"));
    return { id: zoneId, zoneId, name: withoutDot(name) };
  },
});

const inputs = z.strictObject({
  zoneId: z.string(),
  name: z.string(),
  type: z.string(),
  records: z.array(z.string()).optional(),
  ttl: z.number().optional(),
  aliases: z
    .array(z.strictObject({ name: z.string(), zoneId: z.string(), evaluateTargetHealth: z.boolean() }))
    .max(1)
    .optional(),
  allowOverwrite: z.boolean().default(false),
});
type Inputs = z.infer<typeof inputs>;

function recordSet({ name, type, records, ttl, aliases }: Inputs): ResourceRecordSet {
  const [alias] = aliases ?? [];
  return {
    Name: name,
    Type: type as "A",
    ...(ttl === undefined ? {} : { TTL: ttl }),
    ...(records ? { ResourceRecords: records.map((Value) => ({ Value })) } : {}),
    ...(alias
      ? {
          AliasTarget: {
            DNSName: alias.name,
            HostedZoneId: alias.zoneId,
            EvaluateTargetHealth: alias.evaluateTargetHealth,
          },
        }
      : {}),
  };
}

async function change(client: Aws, action: "CREATE" | "UPSERT" | "DELETE", record: Inputs): Promise<void> {
  const route53 = await client.route53();
  await route53.changeResourceRecordSets({
    HostedZoneId: record.zoneId,
    ChangeBatch: { Changes: [{ Action: action, ResourceRecordSet: recordSet(record) }] },
  });
}

async function isThere(client: Aws, { zoneId, name, type }: Inputs): Promise<boolean> {
  const route53 = await client.route53();
  const found = await ifThere(
    route53.listResourceRecordSets({
      HostedZoneId: zoneId,
      StartRecordName: name,
      StartRecordType: type as "A",
    }),
  );
  return (found?.ResourceRecordSets ?? []).some(
    ({ Name = "", Type }) => withoutDot(Name) === withoutDot(name) && Type === type,
  );
}

export const record = resource({
  inputs,
  outputs: z.object({ fqdn: z.string() }),
  replaces: ["zoneId", "name", "type"],

  async create(given, { client }) {
    await change(client, given.allowOverwrite ? "UPSERT" : "CREATE", given);
    const fqdn = withoutDot(given.name);
    return { id: `${given.zoneId}_${fqdn}_${given.type}`, outputs: { fqdn } };
  },
  async read(_id, known, { client }) {
    return (await isThere(client, known.inputs)) ? known : undefined;
  },
  async update(_id, given, { outputs }, { client }) {
    await change(client, "UPSERT", given);
    return outputs;
  },
  async delete(_id, old, { client }) {
    if (await isThere(client, old.inputs)) await change(client, "DELETE", old.inputs);
  },
});
