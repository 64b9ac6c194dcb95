import * as pulumi from "@pulumi/pulumi";

/**
 * Returns a resource's own URN, for its provider, which does not receive it otherwise.
 *
 * It is a plain promise, not the Output of createUrn: the Output depends on the parent, and what depends on a component waits
 * for all of the component's children, and therefore for itself.
 */
export function ownUrn(name: string, type: string, parent: pulumi.Resource | undefined): Promise<string> {
  return new Promise((resolve) => void pulumi.createUrn(name, type, parent).apply(resolve));
}
