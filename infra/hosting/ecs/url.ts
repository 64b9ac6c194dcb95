/** Returns an agent's URL with ecs-alb: a host name for each agent. */
export const albUrl = (domain: string, id: string): string => `https://${id}.${domain}`;

/**
 * Returns the public URL of an Express service, from its ingress paths. The endpoint comes with or without `https://`
 * (hashicorp/terraform-provider-aws#47531); both mean the same.
 *
 * @throws Error if there is none
 */
export function expressUrl(
  ingressPaths: readonly { readonly accessType: string; readonly endpoint: string }[],
): string {
  const open = ingressPaths.find(({ accessType }) => accessType.toUpperCase() === "PUBLIC");
  const endpoint = open?.endpoint
    .trim()
    .replace(/^https?:\/\//i, "")
    .replace(/\/+$/, "");
  if (!endpoint) throw new Error("AWS gave the Express service no public endpoint");
  return `https://${endpoint.toLowerCase()}`;
}
