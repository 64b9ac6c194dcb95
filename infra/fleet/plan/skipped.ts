import {
  type MasumiError,
  type SkippedEntry,
  isOver,
  marker,
  notUnderstood,
  ownerTag,
} from "../../../providers/masumi/service/index.ts";
import type { StackConfig } from "../../config.ts";
import type { Agent } from "../../declarations/index.ts";
import type { Survey } from "../survey.ts";

/*
 * What the registry holds in a way that this version cannot understand, such as agents of a type of a newer release. Nobody
 * else's entry stops a run; one that may be ours does, because nothing can be decided about it.
 */

interface Skippable {
  readonly config: Pick<StackConfig, "owner">;
  readonly agents: readonly Agent[];
  readonly survey: Pick<Survey, "skipped">;
}

const isOf = (entry: SkippedEntry, owner: string, { id, adopt }: Agent): boolean =>
  entry.id === adopt || (!isOver(entry.state) && entry.markers.includes(marker(owner, id)));

/** @throws MasumiError ENTRY_NOT_UNDERSTOOD if an agent's registration, or the one it takes over, is such an entry */
export function assertUnderstood({ config, survey }: Skippable, agent: Agent): void {
  const entry = survey.skipped?.find((one) => isOf(one, config.owner, agent));
  if (entry) throw notUnderstood(entry);
}

/** Returns an error for each such entry with a marker of this owner that is no declared agent's. */
export function strayProblems({ config: { owner }, agents, survey }: Skippable): MasumiError[] {
  return (survey.skipped ?? [])
    .filter(({ state, markers }) => !isOver(state) && markers.some((tag) => tag.startsWith(ownerTag(owner))))
    .filter((entry) => !agents.some((agent) => isOf(entry, owner, agent)))
    .map(notUnderstood);
}

/** Returns a line about the entries of others that were left out; "" if there are none. */
export function describeSkipped(count: number): string {
  if (count === 0) return "";
  return count === 1
    ? "1 entry of the registry was left out: this version does not understand it."
    : `${count} entries of the registry were left out: this version does not understand them.`;
}
