import { extname } from "node:path";
import { type Agent, hostedBy } from "../declarations/index.ts";
import { registeredOnly } from "./registered-only.ts";
import type { Hosting, HostingContext, HostingFactory } from "./hosting.ts";
import { HOSTINGS, type HostingKind, TRAITS } from "../hosting/traits.ts";

export type { HostedCrew, Hosting, HostingContext, HostingFactory, IdentityOutputs } from "./hosting.ts";

/**
 * Loads the hostings that the agents use, each once, and no others: the local stack never needs the cloud packages, and a
 * stack without agents keeps no load balancer.
 *
 * @returns a function that returns an agent's hosting
 */
export async function loadHostings(context: HostingContext): Promise<(agent: Agent) => Hosting> {
  const { config, agents } = context;
  const kinds = HOSTINGS.filter(
    (kind) => hostedBy(kind, agents).length > 0 || TRAITS[kind].staysWithoutAgents?.(config) === true,
  );
  // One after another: hostings on AWS share resources, which the first of them creates.
  const loaded = new Map<HostingKind, Hosting>();
  for (const kind of kinds) loaded.set(kind, await (await factoryOf(kind))(context));
  return (agent) => {
    const hosting = agent.source.kind === "url" ? registeredOnly : loaded.get(agent.hosting);
    if (!hosting) throw new Error(`the hosting ${agent.hosting} of ${agent.id} was not loaded`);
    return hosting;
  };
}

/** Imports a hosting by its path, so only the table of traits, which must not load Pulumi, lists the hostings. */
async function factoryOf(kind: HostingKind): Promise<HostingFactory> {
  const { module } = TRAITS[kind];
  const { hosting } = (await import(`./${module}${extname(import.meta.filename)}`)) as {
    hosting?: HostingFactory;
  };
  if (hosting === undefined) throw new Error(`infra/deploy/${module} exports no \`hosting\``);
  return hosting;
}
