import { type Agent, hostedBy } from "../declarations/index.ts";
import { HOSTINGS, type HostingsConfig, TRAITS } from "../hosting/traits.ts";

/** What URLs are derived from. */
export interface StackUrls {
  readonly config: HostingsConfig;
  /** The project's folder, absolute. */
  readonly projectRoot: string;
  /** All agents of the stack. */
  readonly agents: readonly Agent[];
}

/** Returns a function that returns an agent's URL, or undefined if it is not known before the agent runs. */
export function expectedUrls({
  config,
  projectRoot,
  agents,
}: StackUrls): (agent: Agent) => string | undefined {
  const urls = new Map(
    HOSTINGS.map((kind) => {
      const ids = hostedBy(kind, agents).map(({ id }) => id);
      return [kind, TRAITS[kind].urls({ settings: config, projectRoot, ids })];
    }),
  );
  return ({ id, hosting, source }) => (source.kind === "url" ? source.url : urls.get(hosting)?.(id));
}
