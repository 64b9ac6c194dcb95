import { blameFor, describeBlame } from "../service/rules/chain-texts.ts";
import { digestOf } from "../service/rules/content.ts";
import { hasApiBaseUrl, listingTypeOf } from "../service/listing-type.ts";
import { keptType } from "./registration-common.ts";
import { type RegistrationInputs, type RegistrationOutputs, STATE_VERSION, programOf } from "./inputs.ts";
import { type Row, isLeaving, isOver } from "../service/model.ts";
import type { Session } from "./session.ts";
import { assertGone } from "./whereabouts.ts";

/** All resources that are refreshed within this time share one read of the registry. */
const READ_AGE_MS = 60_000;

/**
 * Returns the registration as the service shows it now. Drift in any field appears in inputs and outputs; a failed state is
 * returned with a warning, never thrown. An empty id means that the registration is gone: not only for the list, but also for
 * the chain (see `assertGone`).
 *
 * The service's row does not show what happens to the token outside the service, so the tokens in the wallet are checked as
 * well (GET /registry/wallet: one request per wallet and run. According to the source of 0.28, the service then queries the
 * chain once per token, so a wallet with more than 100 live registrations is not checked). A missing token only causes a
 * warning: the row still exists, and a delete finds out (TOKEN_HELD_ELSEWHERE, or forgotten if it was burned). If the service
 * cannot tell, the token is assumed to be there.
 *
 * @throws RegistrationError REGISTRY_INCONSISTENT if the list cannot be believed; ServiceError, RefusedError, SettingsError if it
 * cannot be read, so nothing is known
 */
export async function readRegistration(session: Session, id: string, props: RegistrationOutputs | undefined) {
  if (!props) return { id: "" };
  const view = await session.view(props.network, props.wallet.type);
  const row = await view.find(id, READ_AGE_MS);
  if (!row || isOver(row.state)) await assertGone(session, { ...props, id }, row);
  if (!row || row.state === "DeregistrationConfirmed") {
    session.note(
      "warning",
      props.resourceUrn,
      `Registration ${id} is gone: ${row?.state ?? "the payment service has no such registration"}.`,
    );
    return { id: "" };
  }
  if (row.state.endsWith("Failed") || isLeaving(row.state)) {
    const said = row.error && ` The service says: ${row.error}`;
    const blame = describeBlame(blameFor(row, view.known.values()));
    const message = `Registration ${id} is ${row.state}.${said}${blame && ` ${blame}`}`;
    session.note("warning", props.resourceUrn, message);
  }
  const held = await session.tokensBeside(row, props.network, view.list);
  if (held && !held.has(row.agentIdentifier)) {
    session.note(
      "warning",
      props.resourceUrn,
      `Registration ${id} is ${row.state}, but its token is not in the selling wallet: it was moved or burned without the ` +
        "payment service. Agents are paid only while the token is there.",
    );
  }
  const outs = withLive(props, row);
  if (isAsKept(props, outs)) return { id, props: outs };
  // The SDK's type assumes that inputs and outputs have the same shape.
  return { id, props: outs, inputs: toInputs(outs, row) as object as RegistrationOutputs };
}

const isAsKept = (props: RegistrationOutputs, outs: RegistrationOutputs): boolean =>
  props.content === outs.content && props.marker === outs.marker && props.wallet.vkey === outs.wallet.vkey;

function withLive(props: RegistrationOutputs, row: Row): RegistrationOutputs {
  const { agentId, network, wallet, resourceUrn, revision } = props;
  const content = digestOf({ wallet, listing: row.listing, sourceAddress: row.sourceAddress });
  // Entries of some types do not show the agent's URL.
  const isShown = content !== props.content || hasApiBaseUrl(listingTypeOf(row.listing));
  return {
    stateVersion: STATE_VERSION,
    agentId,
    marker: row.markers.includes(props.marker) ? props.marker : "",
    network,
    wallet: { type: wallet.type, vkey: row.walletVkey },
    ...keptType(row.listing),
    content,
    ...(resourceUrn === undefined ? {} : { resourceUrn }),
    ...programOf(props),
    revision,
    state: row.state,
    error: row.error,
    apiBaseUrl: isShown ? row.listing.apiBaseUrl : props.apiBaseUrl,
    agentIdentifier: row.agentIdentifier,
  };
}

/** Returns the inputs that would lead to what the row shows; without drift the engine keeps the old ones. */
function toInputs(
  { agentId, marker, network, wallet, resourceUrn, ...more }: RegistrationOutputs,
  row: Row,
): Omit<RegistrationInputs, "probe"> {
  return {
    agentId,
    marker,
    network,
    wallet,
    listing: row.listing,
    ...(wallet.type === "V2" ? { sourceAddress: row.sourceAddress } : {}),
    ...(resourceUrn === undefined ? {} : { resourceUrn }),
    ...programOf(more),
  };
}
