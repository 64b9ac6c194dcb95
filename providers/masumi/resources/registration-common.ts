import type { Registration } from "../service/client/convert.ts";
import { type RegistrationInputs, type RegistrationOutputs, STATE_VERSION } from "./inputs.ts";
import type { Row } from "../service/model.ts";
import { probeAgent } from "../service/probe.ts";
import { digestOf, normaliseListing } from "../service/rules/content.ts";
import type { Session } from "./session.ts";

export const toRegistration = (inputs: RegistrationInputs): Registration => ({
  network: inputs.network,
  wallet: inputs.wallet,
  marker: inputs.marker,
  listing: normaliseListing(inputs.listing),
  sourceAddress: inputs.sourceAddress,
});

/** What the state keeps: what a delete, a refresh and a diff need of the inputs, and what the row says. */
export function toOutputs(inputs: RegistrationInputs, row: Row, revision: string): RegistrationOutputs {
  const { agentId, marker, network, wallet, resourceUrn } = inputs;
  const { listing, sourceAddress } = toRegistration(inputs);
  return {
    stateVersion: STATE_VERSION,
    agentId,
    marker: row.markers.includes(marker) ? marker : "",
    network,
    wallet: { type: wallet.type, vkey: wallet.vkey },
    content: digestOf({ wallet, listing, sourceAddress }),
    ...(resourceUrn === undefined ? {} : { resourceUrn }),
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

/** How long to look for what a lost answer may have done; the state keeps nothing of it, so a delete has the stack's. */
export const settleSeconds = async (session: Session, inputs?: RegistrationInputs): Promise<number> =>
  inputs?.settleSeconds ?? (await session.settings()).settleSeconds;
