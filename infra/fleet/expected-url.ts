import type { StackConfig } from "../config.ts";
import { type Agent, hostedBy } from "../declarations/index.ts";
import { HOSTINGS, TRAITS } from "../hosting/traits.ts";

/** What URLs are derived from. */
export interface StackUrls {
  readonly config: StackConfig;
  /** The project's folder, absolute. */
  readonly projectRoot: string;
  /** All agents of the stack. */
  readonly agents: readonly Agent[];
}

/** The URLs that agents are registered with, by agent id; those without a live registration are missing. */
export type RegisteredUrls = ReadonlyMap<string, string>;

/** Returns an agent's URL, or undefined if it is not known before the agent runs. */
export type UrlOf = (agent: Agent, registered: RegisteredUrls) => string | undefined;

/**
 * Returns what distinguishes a stack from all others that may share a load balancer or an engine with it; what is numbered
 * there is derived from it.
 */
export const scopeOf = ({ network, owner, stack }: StackConfig): readonly string[] => [network, owner, stack];

/** Returns a function that returns an agent's URL. */
export function expectedUrls({ config, projectRoot, agents }: StackUrls): UrlOf {
  const urlsWith = (registered: RegisteredUrls) =>
    new Map(
      HOSTINGS.flatMap((kind) => {
        const ids = hostedBy(kind, agents).map(({ id }) => id);
        const context = {
          settings: config,
          stack: config.stack,
          projectRoot,
          ids,
          scope: scopeOf(config),
          registered,
        };
        return ids.length > 0 ? [[kind, TRAITS[kind].urls(context)] as const] : [];
      }),
    );
  // Asked for one agent after another, with the same registrations.
  const known = new WeakMap<RegisteredUrls, ReturnType<typeof urlsWith>>();
  return ({ id, hosting, source }, registered) => {
    if (source.kind === "url") return source.url;
    const urls = known.get(registered) ?? urlsWith(registered);
    known.set(registered, urls);
    return urls.get(hosting)?.(id);
  };
}
