import * as pulumi from "@pulumi/pulumi";

const STACK_TYPE = "pulumi:pulumi:Stack";

/**
 * Returns a resource's own URN, for its provider, which does not receive it otherwise.
 *
 * It is a plain promise, not the Output of createUrn: the Output depends on the parent, and what depends on a component waits
 * for all of the component's children, and therefore for itself. Nor is it made by createUrn, which takes seven Outputs for it.
 */
export function ownUrn(name: string, type: string, parent: pulumi.Resource | undefined): Promise<string> {
  if (parent === undefined) return fromUrn(pulumi.createUrn(name, type), (urn) => urn);
  return fromUrn(parent.urn, (urn) => `${childPrefix(urn)}${type}::${name}`);
}

/** A parent's type is part of its children's, unless it is the stack. */
function childPrefix(parent: string): string {
  const qualified = parent.slice(0, parent.lastIndexOf("::"));
  return qualified.endsWith(`::${STACK_TYPE}`) ? qualified.slice(0, -STACK_TYPE.length) : `${qualified}$`;
}

const fromUrn = (urn: pulumi.Output<string>, text: (urn: string) => string): Promise<string> =>
  new Promise((resolve) => void urn.apply((value) => resolve(text(value))));
