import type { Registration } from "./convert.ts";
import { type RegistrationInputs, type RegistrationOutputs, STATE_VERSION } from "./inputs.ts";
import type { Row } from "./model.ts";
import { probeAgent } from "./probe.ts";
import { normaliseListing } from "./content.ts";
import type { Session } from "./session.ts";

export const toRegistration = (inputs: RegistrationInputs): Registration => ({
  network: inputs.network,
  wallet: inputs.wallet,
  marker: inputs.marker,
  listing: normaliseListing(inputs.listing),
  sourceAddress: inputs.sourceAddress,
});

/** What the state keeps: the inputs, and what the row says. */
export function toOutputs(inputs: RegistrationInputs, row: Row, revision: string): RegistrationOutputs {
  const { recover: _spent, ...kept } = inputs;
  const listing = normaliseListing(inputs.listing);
  return {
    ...kept,
    listing,
    marker: row.markers.includes(inputs.marker) ? inputs.marker : "",
    stateVersion: STATE_VERSION,
    revision,
    state: row.state,
    error: row.error,
    apiBaseUrl: listing.apiBaseUrl,
    agentIdentifier: row.agentIdentifier,
  };
}

/** Asks the agent, before any ADA is spent on it. @throws RegistrationError */
export async function probe(session: Session, inputs: RegistrationInputs): Promise<void> {
  await probeAgent({
    apiBaseUrl: inputs.listing.apiBaseUrl,
    ...inputs.probe,
    onWaiting: (seen) => session.progress(inputs.resourceUrn, `Waiting for the agent to answer: ${seen}`),
  });
}

/** How long to look for what a lost answer may have done. */
export const settleSeconds = async (
  session: Session,
  { settleSeconds }: { readonly settleSeconds?: number },
): Promise<number> => settleSeconds ?? (await session.settings()).settleSeconds;
