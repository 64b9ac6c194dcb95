import type { JSX } from "preact";
import { LISTINGS, isGone } from "../texts.ts";
import type { Agent } from "../wire.ts";
import { CopyText } from "./copy-text.tsx";

/** What is there to copy; an agent that has left is nowhere any more. */
function Identifier({ agent }: { readonly agent: Agent }) {
  const { masumiId } = agent;
  if (masumiId === null) return <span class="quiet">{isGone(agent) ? "none" : "once registered"}</span>;
  if (!isGone(agent)) return <CopyText text={masumiId} label="Identifier" />;
  return (
    <span class="copy-text quiet">
      <code title={masumiId}>{masumiId}</code>
    </span>
  );
}

/** The facts of an agent that others need: what it costs, who it is on the network, where it answers. */
export function AgentFacts({ agent }: { readonly agent: Agent }): JSX.Element {
  const { price, url, listing } = agent;
  return (
    <dl class="facts">
      <div>
        <dt>Price</dt>
        <dd>{price}</dd>
      </div>
      {listing === undefined ? null : (
        <div>
          <dt>Listed as</dt>
          <dd>{LISTINGS[listing]}</dd>
        </div>
      )}
      <div>
        <dt>Identifier</dt>
        <dd>
          <Identifier agent={agent} />
        </dd>
      </div>
      {isGone(agent) ? null : (
        <div>
          <dt>Address</dt>
          <dd>
            {url === null ? <span class="quiet">once running</span> : <CopyText text={url} label="Address" />}
          </dd>
        </div>
      )}
    </dl>
  );
}
