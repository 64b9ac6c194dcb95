import { type Agent, type HostingKind, hostedBy } from "../declarations/index.ts";
import { elsewhere } from "./elsewhere/elsewhere.ts";
import type { Hosting, HostingContext } from "./hosting.ts";

export { checkHostings, hostingWarnings } from "./check.ts";
export { expectedUrls } from "./expected-url.ts";
export type { CrewToHost, HostedCrew, Hosting, HostingContext } from "./hosting.ts";

const HOSTINGS: Record<HostingKind, (context: HostingContext) => Promise<Hosting>> = {
  process: async (context) => (await import("./process/process.ts")).processHosting(context),
  docker: async (context) => (await import("./docker/docker.ts")).dockerHosting(context),
  "ecs-alb": async (context) => (await import("./ecs/alb.ts")).ecsAlbHosting(context),
  "ecs-express": async (context) => (await import("./ecs/express.ts")).ecsExpressHosting(context),
};

/**
 * Loads the hostings that the agents use, each once and no other: the local stack never needs the cloud's packages, and a
 * stack without agents keeps no load balancer.
 *
 * @returns the hosting of an agent
 */
export async function loadHostings(context: HostingContext): Promise<(agent: Agent) => Hosting> {
  const kinds = (Object.keys(HOSTINGS) as HostingKind[]).filter(
    (kind) => hostedBy(kind, context.agents).length > 0,
  );
  // In turn: hostings on AWS share resources, which the first of them makes.
  const loaded = new Map<HostingKind, Hosting>();
  for (const kind of kinds) loaded.set(kind, await HOSTINGS[kind](context));
  return (agent) => {
    const hosting = agent.source.kind === "url" ? elsewhere : loaded.get(agent.hosting);
    if (!hosting) throw new Error(`the hosting ${agent.hosting} of ${agent.id} was not loaded`);
    return hosting;
  };
}
