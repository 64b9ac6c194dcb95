import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** Whose secrets they are. */
export interface SecretOwner {
  /** Names the stack's secrets, and no other stack's. */
  readonly stack: string;
  /** Absent for secrets that several agents share. */
  readonly agentId?: string;
}

/** ARNs with versions by environment variable, so a new key redeploys the services, which read their secrets only at start. */
export type SecretReferences = pulumi.Output<Record<string, string>>;

/** Stores secrets in Secrets Manager, so task definitions only refer to them. */
export function storeSecrets(
  { stack, agentId }: SecretOwner,
  values: Readonly<Record<string, pulumi.Input<string>>>,
  options: pulumi.CustomResourceOptions,
): SecretReferences {
  const entries = Object.entries(values).map(([variable, value]) => {
    const purpose = variable.toLowerCase().replaceAll("_", "-");
    const name = `${agentId ?? stack}-${purpose}`;
    const secret = new aws.secretsmanager.Secret(
      name,
      {
        namePrefix: `${secretFolder(stack)}${agentId ? `${agentId}/` : ""}${purpose}-`,
        // Without a recovery window, a destroyed stack leaves nothing behind that costs, and can be recreated immediately.
        recoveryWindowInDays: 0,
      },
      options,
    );
    const version = new aws.secretsmanager.SecretVersion(
      name,
      { secretId: secret.id, secretString: pulumi.secret(value) },
      options,
    );
    return pulumi
      .all([secret.arn, version.versionId])
      .apply(([arn, versionId]): [string, string] => [variable, `${arn}:::${versionId}`]);
  });
  return pulumi.all(entries).apply((all) => Object.fromEntries(all));
}

/** The beginning of all names of a stack's secrets. One pattern for all of them: a role's policy has room for about 60 ARNs. */
const secretFolder = (stack: string): string => `${stack}/`;

/** Returns the pattern of the ARNs of a stack's secrets, and of no other's. */
export const secretArns = (
  stack: string,
  {
    partition,
    region,
    accountId,
  }: { readonly partition: string; readonly region: string; readonly accountId: string },
): string => `arn:${partition}:secretsmanager:${region}:${accountId}:secret:${secretFolder(stack)}*`;
