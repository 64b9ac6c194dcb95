import type { Registration } from "../service/client/convert.ts";
import { type RegistrationInputs, type RegistrationOutputs, STATE_VERSION, programOf } from "./inputs.ts";
import type { Listing, Row } from "../service/model.ts";
import { probeAgent } from "../service/probe/probe.ts";
import { digestOf, normaliseListing } from "../service/rules/content.ts";
import { listingTypeOf } from "../service/listing-type.ts";
import type { Session } from "./session.ts";

export const toRegistration = (inputs: RegistrationInputs): Registration => ({
  network: inputs.network,
  wallet: inputs.wallet,
  marker: inputs.marker,
  listing: normaliseListing(inputs.listing),
  sourceAddress: inputs.sourceAddress,
});

/** Returns what the state keeps: the inputs that a delete, refresh or diff needs, and what the service's row shows. */
export function toOutputs(inputs: RegistrationInputs, row: Row, revision: string): RegistrationOutputs {
  const { agentId, marker, network, wallet, resourceUrn } = inputs;
  const { listing, sourceAddress } = toRegistration(inputs);
  return {
    stateVersion: STATE_VERSION,
    agentId,
    marker: row.markers.includes(marker) ? marker : "",
    network,
    wallet: { type: wallet.type, vkey: wallet.vkey },
    ...keptType(listing),
    content: digestOf({ wallet, listing, sourceAddress }),
    ...(resourceUrn === undefined ? {} : { resourceUrn }),
    ...programOf(inputs),
    revision,
    state: row.state,
    error: row.error,
    apiBaseUrl: listing.apiBaseUrl,
    agentIdentifier: row.agentIdentifier,
  };
}

/** Returns what the state keeps of a listing's type: nothing of a standard agent's, as before there were others. */
export function keptType(listing: Listing): Pick<RegistrationOutputs, "listingType"> {
  const listingType = listingTypeOf(listing);
  return listingType === "standard" ? {} : { listingType };
}

/** Checks that the agent answers, before any ADA is spent on it. @throws RegistrationError */
export async function probe(session: Session, inputs: RegistrationInputs): Promise<void> {
  await probeAgent({
    listing: inputs.listing,
    ...inputs.probe,
    onWaiting: (seen) => session.progress(inputs.resourceUrn, `Waiting for the agent to answer: ${seen}`),
    onNotice: (notice) => session.note("warning", inputs.resourceUrn, notice),
  });
}

/** Returns how long to look for the effect of a lost request. It is not in the state, so a delete uses the stack's setting. */
export const settleSeconds = async (session: Session, inputs?: RegistrationInputs): Promise<number> =>
  inputs?.settleSeconds ?? (await session.settings()).settleSeconds;
