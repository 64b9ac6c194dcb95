import { type OwnRow, type Row, isLeaving, isOver, marker } from "../../../providers/masumi/service/index.ts";
import type { StackConfig } from "../../config.ts";
import type { Agent } from "../../declarations/index.ts";
import { type Cost, costOf } from "../costs.ts";

/** A live registration of this owner that no file declares. */
export interface Orphan {
  readonly row: OwnRow;
  readonly action: "deregister" | "none";
  readonly cost: Cost;
}

export function findOrphans(
  { owner }: Pick<StackConfig, "owner">,
  agents: readonly Agent[],
  own: readonly OwnRow[],
): Orphan[] {
  const declared = new Set(agents.map(({ id }) => marker(owner, id)));
  // An agent without a registration of its own may take over one with the marker of another id.
  const isLiving = ({ state }: Row) => !isOver(state) && !isLeaving(state);
  const living = new Set(own.filter(isLiving).map((row) => row.marker));
  const takers = agents.filter(({ id, adopt }) => adopt && !living.has(marker(owner, id)));
  const adopted = new Set(takers.map(({ adopt }) => adopt));
  return own
    .filter((row) => !isOver(row.state) && !declared.has(row.marker) && !adopted.has(row.id))
    .map((row) => {
      const action = isLeaving(row.state) ? ("none" as const) : ("deregister" as const);
      return { row, action, cost: costOf(action, row.type) };
    });
}
