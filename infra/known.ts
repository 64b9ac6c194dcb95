import * as pulumi from "@pulumi/pulumi";

/**
 * Returns whether the engine has said what a value is. In a preview that is not known of what will be created or changed; in
 * any run with --target it is not known of what does not exist and is left out.
 */
export const isKnown = async (value: pulumi.Output<unknown>): Promise<boolean> =>
  (await sent(value)) !== pulumi.runtime.unknownValue;

/** Returns a value that the engine has said; undefined if it has not. */
export async function knownValue(value: pulumi.Output<unknown>): Promise<unknown> {
  const said = await sent(value);
  return said === pulumi.runtime.unknownValue ? undefined : said;
}

/** What Outputs of these types are of. */
type Values<Outputs> = {
  [Name in keyof Outputs]: Outputs[Name] extends pulumi.Output<infer Value> ? Value : never;
};

/** Returns values that the engine has said, by name; undefined unless it has said all of them. */
export async function knownValues<Outputs extends Readonly<Record<string, pulumi.Output<unknown>>>>(
  outputs: Outputs,
): Promise<Values<Outputs> | undefined> {
  const values = await Promise.all(
    Object.entries(outputs).map(async ([name, output]) => [name, await sent(output)] as const),
  );
  if (values.some(([, value]) => value === pulumi.runtime.unknownValue)) return undefined;
  return Object.fromEntries(values) as Values<Outputs>;
}

const sent = (value: pulumi.Output<unknown>): Promise<unknown> =>
  pulumi.runtime.serializeProperty("", value, new Set());

/**
 * Returns the URNs of the resources in the stack's state, which the engine reads wherever the backend keeps it; undefined if it does
 * not tell.
 */
export async function urnsInState(): Promise<ReadonlySet<string> | undefined> {
  try {
    const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
    const { outputs } = (await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {
      stackName,
    })) as { readonly outputs: Readonly<Record<string, unknown>> };
    return new Set(Object.keys(outputs));
  } catch {
    return undefined;
  }
}
