import * as pulumi from "@pulumi/pulumi";

/**
 * A resource's own URN, to be handed to its provider, which is not told it otherwise.
 *
 * It is a plain promise and not the Output of createUrn: that one depends on the parent, and what depends on a
 * component waits for all of the component's children, hence for itself.
 */
export function ownUrn(name: string, type: string, parent: pulumi.Resource | undefined): Promise<string> {
  return new Promise((resolve) => void pulumi.createUrn(name, type, parent).apply(resolve));
}
