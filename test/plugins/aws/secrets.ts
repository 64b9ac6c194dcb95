import { randomBytes } from "node:crypto";
import { z } from "zod";
import { ifThere, told } from "./clients.ts";
import { resource, tagged } from "./types.ts";

export const secret = resource({
  inputs: z.strictObject({ ...tagged, namePrefix: z.string(), recoveryWindowInDays: z.literal(0) }),
  outputs: z.object({ arn: z.string() }),

  async create({ namePrefix }, { client }) {
    const secrets = await client.secrets();
    const Name = `${namePrefix}${randomBytes(13).toString("hex")}`;
    const { ARN } = await secrets.createSecret({ Name });
    const arn = told(ARN, "the secret's ARN");
    return { id: arn, outputs: { arn } };
  },
  async read(id, known, { client }) {
    const secrets = await client.secrets();
    return (await ifThere(secrets.describeSecret({ SecretId: id }))) && known;
  },
  async delete(id, _old, { client }) {
    const secrets = await client.secrets();
    await ifThere(secrets.deleteSecret({ SecretId: id, ForceDeleteWithoutRecovery: true }));
  },
});

/** A value is never changed: a new one is a version of its own, and the old one goes with the secret. */
export const secretVersion = resource({
  inputs: z.strictObject({ secretId: z.string(), secretString: z.string() }),
  outputs: z.object({ arn: z.string(), versionId: z.string() }),

  async create({ secretId, secretString }, { client }) {
    const secrets = await client.secrets();
    const { ARN, VersionId } = await secrets.putSecretValue({
      SecretId: secretId,
      SecretString: secretString,
    });
    const versionId = told(VersionId, "the version's id");
    return { id: `${secretId}|${versionId}`, outputs: { arn: told(ARN, "the secret's ARN"), versionId } };
  },
  async read(_id, known, { client }) {
    const secrets = await client.secrets();
    const { secretId: SecretId } = known.inputs;
    const VersionId = known.outputs.versionId;
    const found = await ifThere(secrets.getSecretValue({ SecretId, VersionId }));
    return (
      found && { ...known, inputs: { ...known.inputs, secretString: told(found.SecretString, "the value") } }
    );
  },
  async delete() {},
});
