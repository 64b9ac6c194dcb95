import type { JSX } from "preact";
import type { Agent } from "../wire.ts";
import { CopyText } from "./copy-text.tsx";

/** The facts of an agent that others need: what it costs, who it is on the network, where it answers. */
export function AgentFacts({ agent }: { readonly agent: Agent }): JSX.Element {
  const { price, masumiId, url } = agent;
  return (
    <dl class="facts">
      <div>
        <dt>Price</dt>
        <dd>{price}</dd>
      </div>
      <div>
        <dt>Identifier</dt>
        <dd>
          {masumiId === null ? (
            <span class="quiet">once registered</span>
          ) : (
            <CopyText text={masumiId} label="Identifier" />
          )}
        </dd>
      </div>
      <div>
        <dt>Address</dt>
        <dd>
          {url === null ? <span class="quiet">once running</span> : <CopyText text={url} label="Address" />}
        </dd>
      </div>
    </dl>
  );
}
