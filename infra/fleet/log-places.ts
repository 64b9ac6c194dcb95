import type { Agent } from "../declarations/index.ts";
import type { LogContext, LogPlace } from "../hosting/kind.ts";
import { type HostingsConfig, TRAITS } from "../hosting/traits.ts";
import type { HostingTraits } from "../hosting/kind.ts";

export type { LogPlace };

/** Returns where an agent's log is; undefined if the program does not run it, or its hosting keeps none that can be read. */
export function logPlaceOf(context: LogContext<HostingsConfig>, agent: Agent): LogPlace | undefined {
  if (agent.source.kind === "url") return undefined;
  const traits: HostingTraits<HostingsConfig> = TRAITS[agent.hosting];
  return traits.logs?.(context)(agent.id);
}
