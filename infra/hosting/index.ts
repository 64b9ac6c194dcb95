import type { HostingKind } from "../config.ts";
import type { Hosting, HostingContext } from "./hosting.ts";

export { expectedUrl } from "./expected-url.ts";
export type { HostedCrew, Hosting, HostingContext } from "./hosting.ts";

const HOSTINGS: Record<HostingKind, (context: HostingContext) => Promise<Hosting>> = {
  process: async (context) => (await import("./process.ts")).processHosting(context),
};

/** Loads the stack's hosting, and no other: the local stack never needs the cloud's packages. */
export async function loadHosting(context: HostingContext): Promise<Hosting> {
  return HOSTINGS[context.config.hosting](context);
}
