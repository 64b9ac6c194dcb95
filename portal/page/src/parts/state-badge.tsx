import type { JSX } from "preact";
import { STATES } from "../texts.ts";
import type { AgentState } from "../wire.ts";

export function StateBadge({ state }: { readonly state: AgentState }): JSX.Element {
  const { label, tone } = STATES[state];
  return <span class={`badge badge-${tone}`}>{label}</span>;
}
