import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** Secrets by environment name. */
export interface StoredSecrets {
  readonly arns: pulumi.Output<string[]>;
  /** ARNs with versions, so a new key redeploys the services, which read their secrets only at start. */
  readonly references: pulumi.Output<Record<string, string>>;
}

/** Stores secrets in Secrets Manager, so task definitions only refer to them. */
export function storeSecrets(
  prefix: string,
  values: Readonly<Record<string, string>>,
  options: pulumi.CustomResourceOptions,
): StoredSecrets {
  const stored = Object.entries(values).map(([variable, value]) => {
    const name = `${prefix}-${variable.toLowerCase().replaceAll("_", "-")}`;
    // Without a recovery window, a destroyed stack leaves nothing behind that costs, and can be recreated immediately.
    const secret = new aws.secretsmanager.Secret(name, { recoveryWindowInDays: 0 }, options);
    const version = new aws.secretsmanager.SecretVersion(
      name,
      { secretId: secret.id, secretString: pulumi.secret(value) },
      options,
    );
    const reference = pulumi.interpolate`${secret.arn}:::${version.versionId}`;
    return {
      arn: secret.arn,
      entry: reference.apply((valueFrom): [string, string] => [variable, valueFrom]),
    };
  });
  return {
    arns: pulumi.all(stored.map(({ arn }) => arn)),
    references: pulumi.all(stored.map(({ entry }) => entry)).apply((entries) => Object.fromEntries(entries)),
  };
}
