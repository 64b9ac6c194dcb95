import { digestOf } from "../service/rules/content.ts";
import { type RegistrationInputs, type RegistrationOutputs, STATE_VERSION } from "./inputs.ts";
import { type Row, isLeaving } from "../service/model.ts";
import type { Session } from "./session.ts";

/** One read of the registry serves all resources that a refresh asks about within this time. */
const READ_AGE_MS = 60_000;

/**
 * The registration as the service shows it now: drift in any field shows in inputs and outputs, a failed
 * state is returned and warned of, and never thrown. An empty id: it is gone.
 *
 * A row says nothing of what happens to its token behind the service's back, so the tokens at its wallet are looked at
 * as well (GET /registry/wallet: one request for each wallet and run; read in the source of 0.28 that the service then
 * asks the chain once for each token there, so a wallet with more than 100 live registrations is not looked at).
 * A missing token is only warned of: the row is still there, and a delete finds out (TOKEN_HELD_ELSEWHERE, or forgotten
 * if it was burned). A service that cannot tell is believed.
 *
 * @throws ServiceError, RefusedError, SettingsError: the list cannot be read, so nothing is known
 */
export async function readRegistration(session: Session, id: string, props: RegistrationOutputs | undefined) {
  if (!props) return { id: "" };
  const view = await session.view(props.network, props.wallet.type);
  const rows = await view.rows(READ_AGE_MS);
  const row = rows.get(id);
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
    session.note("warning", props.resourceUrn, `Registration ${id} is ${row.state}.${said}`);
  }
  const held = await session.tokensBeside(row, props.network, rows.values());
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
  // The SDK's type has inputs and outputs of one shape.
  return { id, props: outs, inputs: toInputs(outs, row) as object as RegistrationOutputs };
}

const isAsKept = (props: RegistrationOutputs, outs: RegistrationOutputs): boolean =>
  props.content === outs.content && props.marker === outs.marker && props.wallet.vkey === outs.wallet.vkey;

function withLive(props: RegistrationOutputs, row: Row): RegistrationOutputs {
  const { agentId, network, wallet, resourceUrn, revision } = props;
  return {
    stateVersion: STATE_VERSION,
    agentId,
    marker: row.markers.includes(props.marker) ? props.marker : "",
    network,
    wallet: { type: wallet.type, vkey: row.walletVkey },
    content: digestOf({ wallet, listing: row.listing, sourceAddress: row.sourceAddress }),
    ...(resourceUrn === undefined ? {} : { resourceUrn }),
    revision,
    state: row.state,
    error: row.error,
    apiBaseUrl: row.listing.apiBaseUrl,
    agentIdentifier: row.agentIdentifier,
  };
}

/** The inputs that would lead to what the row shows; the engine keeps the old ones where nothing drifted. */
function toInputs(
  { agentId, marker, network, wallet, resourceUrn }: RegistrationOutputs,
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
  };
}
