import type { Dialect } from "../client/convert.ts";
import { RegistrationError } from "../errors.ts";
import { type Listing, type Row, type WalletType, isLeaving, isOver, isUpdatable } from "../model.ts";
import { listingTypeOf } from "../listing-type.ts";

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

/**
 * An older release drops what it does not know of a request without a word, and registers another agent than was declared.
 *
 * @throws RegistrationError LISTING_NOT_SUPPORTED if the service's release is not known to have entries of the listing's type
 */
export function assertListingSupported(
  agentId: string,
  listing: Pick<Listing, "type">,
  { listingTypes }: Pick<Dialect, "listingTypes">,
): void {
  const type = listingTypeOf(listing);
  if (listingTypes.includes(type)) return;
  const known =
    listingTypes.length > 1 ? `it knows ${listingTypes.join(", ")}` : "it knows standard agents alone";
  throw new RegistrationError({
    code: "LISTING_NOT_SUPPORTED",
    what: `${agentId} is to be listed as ${type}, which the payment service's list of routes (/api-docs) does not have: ${known}.`,
  });
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
