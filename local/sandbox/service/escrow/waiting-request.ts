import { z } from "zod";
import type { EscrowRequest, OnChainState } from "../../store/payment-request.ts";
import type { Requests } from "../../store/payment-requests.ts";
import { type Call, requireNetwork, scopeOf } from "../endpoint.ts";
import { forbidden, notFound } from "../errors.ts";
import { network } from "../fields.ts";

/** What names a payment or a purchase to the service. */
export const identifierSchema = z.object({ blockchainIdentifier: z.string().max(8000), network });

/** What the service says of a request that is not there or not in such a state, and to those who may not act. */
export interface Refusals {
  readonly missing: string;
  readonly forbidden: string;
}

/** The payment or purchase that waits in one of these states; only who made it, and admins, may act. */
export function waitingRequest(
  call: Call,
  requests: Requests,
  input: z.output<typeof identifierSchema>,
  states: readonly OnChainState[],
  refusals: Refusals,
): EscrowRequest {
  requireNetwork(call, input.network);
  const request = requests.byIdentifier(input.blockchainIdentifier);
  if (
    !request ||
    request.network !== input.network ||
    request.requestedAction !== "WaitingForExternalAction" ||
    request.onChainState === null ||
    !states.includes(request.onChainState)
  ) {
    throw notFound(refusals.missing);
  }
  const scope = scopeOf(call.key);
  if (scope && !scope.includes(request.wallet ?? "")) throw notFound("Not found");
  if (request.owner !== call.key.id && call.key.permission !== "Admin") throw forbidden(refusals.forbidden);
  return request;
}
