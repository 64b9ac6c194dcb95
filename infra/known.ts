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
