import { type Agent, nearest } from "../infra/declarations/index.ts";
import { UserError } from "./user-error.ts";

/** Returns the error for an agent that a stack does not have: the one that was probably meant, and all that there are. */
export function unknownAgent(stack: string, wanted: string, agents: readonly Agent[], more = ""): UserError {
  const ids = agents.map(({ id }) => id);
  const near = nearest(wanted, ids);
  const meant = near === undefined ? "" : `, did you mean ${near}?`;
  const known = ids.join(", ") || "none";
  return new UserError(`Stack ${stack} has no agent ${wanted}${meant || "."} Its agents: ${known}.${more}`);
}
