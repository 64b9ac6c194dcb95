import * as pulumi from "@pulumi/pulumi";

/**
 * Returns whether the engine has said what a value is. In a preview that is not known of what will be created or changed; in
 * any run with --target it is not known of what does not exist and is left out.
 */
export async function isKnown(value: pulumi.Output<unknown>): Promise<boolean> {
  const sent: unknown = await pulumi.runtime.serializeProperty("", value, new Set());
  return sent !== pulumi.runtime.unknownValue;
}
