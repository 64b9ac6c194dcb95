import type { Dialect } from "../client/convert.ts";
import { RegistrationError } from "../errors.ts";
import { type Row, type WalletType, isLeaving, isOver, isUpdatable } from "../model.ts";

/* What the service refuses whatever a listing says, so that a plan can say it before anything is requested. */

/** @throws RegistrationError V2_NOT_SUPPORTED if the service's release knows no wallets of this type */
export function assertTypeSupported(
  agentId: string,
  { type }: { readonly type: WalletType },
  { hasV2 }: Pick<Dialect, "hasV2">,
): void {
  if (type === "V1" || hasV2) return;
  throw new RegistrationError({ code: "V2_NOT_SUPPORTED", what: `${agentId} needs a V2 wallet.` });
}

/** @throws RegistrationError if a registration whose transactions are done can no longer be updated */
export function assertUpdatable({ id, state, error }: Row): void {
  if (isUpdatable(state)) return;
  throw new RegistrationError({
    code: codeForState(state),
    what: `Registration ${id} cannot be updated in its state ${state}.`,
    serviceMessage: error,
  });
}

function codeForState(state: string) {
  if (isOver(state)) return "REGISTRATION_FAILED";
  return isLeaving(state) ? "REGISTRATION_LEAVING" : "DEREGISTRATION_FAILED";
}
