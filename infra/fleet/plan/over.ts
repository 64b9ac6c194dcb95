import {
  type MasumiError,
  type OwnRow,
  backwards,
  isBackwards,
  isForgotten,
  isOver,
  stillOnChain,
  unlistedTokens,
} from "../../../providers/masumi/service/index.ts";
import type { FleetInput } from "../registrations.ts";
import { isInState } from "../state-file.ts";

/**
 * Returns why a registration is not believed to be over: the state has it, and its token is on the chain, or it had been
 * confirmed. A run forgets such a registration only at a person's word, whatever other registrations of the agent there are.
 */
export function overProblem(input: FleetInput, row: OwnRow, agentId: string): MasumiError | undefined {
  const { survey, lastStates, forget } = input;
  const { id, state, type, marker, agentIdentifier, walletVkey } = row;
  if (!isOver(state) || !isInState(input, id) || isForgotten(forget, agentId, id)) return undefined;
  const before = lastStates?.get(id);
  if (before && isBackwards(before, state)) return backwards({ id, agentId, state: before }, state);
  const holding = survey.holdings.find(({ wallet }) => wallet.vkey === walletVkey);
  const tokens = unlistedTokens(holding?.tokens ?? new Map(), { type, marker, agentIdentifier }, survey.rows);
  return tokens.length > 0 ? stillOnChain({ id, agentId }, state) : undefined;
}
