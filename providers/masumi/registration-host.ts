import type { ResourceProvider } from "@pulumi/pulumi/dynamic/index.js";
import { checkRegistration } from "./check.ts";
import type { RegistrationInputs, RegistrationOutputs } from "./inputs.ts";
import { type Row, isLeaving } from "./model.ts";
import { plainly } from "./plainly.ts";
import { createRegistration } from "./registration-create.ts";
import { deleteRegistration } from "./registration-delete.ts";
import { updateRegistration } from "./registration-update.ts";
import { contentOf, normaliseListing } from "./content.ts";
import { decideChange } from "./rules.ts";
import type { Session } from "./session.ts";

/** One read of the registry serves all resources that a refresh asks about within this time. */
const READ_AGE_MS = 60_000;

/** What stands behind AgentRegistration, in the process that the engine asks. */
export function createRegistrationProvider(
  session: Session,
): ResourceProvider<RegistrationInputs, RegistrationOutputs> {
  return {
    configure: (request) => session.configure(request),

    async check(_olds, news) {
      session.ledger.sawProgram();
      const inputs = { ...news, listing: normaliseListing(news.listing) };
      return { inputs, failures: checkRegistration(inputs) };
    },

    async diff(id, olds, news) {
      session.ledger.sawProgram();
      const change = decideChange(id, olds, news);
      if (change.kind !== "replace") {
        session.ledger.hold(id);
        return { changes: change.kind === "update" };
      }
      session.ledger.replace(id);
      return { changes: true, replaces: change.properties, deleteBeforeReplace: change.deleteFirst };
    },

    create: (inputs) => plainly(session, () => createRegistration(session, inputs)),
    update: (id, olds, news) => plainly(session, () => updateRegistration(session, id, olds, news)),
    delete: (id, props) => plainly(session, () => deleteRegistration(session, id, props)),
    read: (id, props) => plainly(session, () => readRegistration(session, id, props)),
  };
}

/**
 * The registration as the service shows it now: drift in any field shows in inputs and outputs, a failed
 * state is returned and warned of, and never thrown. An empty id: it is gone.
 */
async function readRegistration(session: Session, id: string, props: RegistrationOutputs | undefined) {
  if (!props) return { id: "" };
  const view = await session.view(props.network, props.wallet.type);
  const row = (await view.rows(READ_AGE_MS)).get(id);
  if (!row || row.state === "DeregistrationConfirmed") {
    session.note("warning", props.resourceUrn, `Registration ${id} is gone: ${row?.state ?? "no such row"}.`);
    return { id: "" };
  }
  if (row.state.endsWith("Failed") || isLeaving(row.state)) {
    const said = row.error && ` The service says: ${row.error}`;
    session.note("warning", props.resourceUrn, `Registration ${id} is ${row.state}.${said}`);
  }
  const outs = withLive(props, row);
  return { id, props: outs, inputs: toInputs(outs) };
}

/** Known values stay as they are written where the service's mean the same. */
function withLive(props: RegistrationOutputs, row: Row): RegistrationOutputs {
  const { wallet } = props;
  const isSame =
    contentOf({ wallet: { type: "V1" }, listing: row.listing }) ===
    contentOf({ wallet: { type: "V1" }, listing: props.listing });
  const listing = isSame ? props.listing : row.listing;
  return {
    ...props,
    listing,
    wallet:
      row.walletVkey === wallet.vkey
        ? wallet
        : { type: wallet.type, vkey: row.walletVkey, address: row.walletAddress },
    ...(wallet.type === "V2" ? { sourceAddress: row.sourceAddress } : {}),
    marker: row.markers.includes(props.marker) ? props.marker : "",
    state: row.state,
    error: row.error,
    apiBaseUrl: listing.apiBaseUrl,
    agentIdentifier: row.agentIdentifier,
  };
}

/** The inputs that would lead to these outputs. */
function toInputs(outs: RegistrationOutputs): RegistrationOutputs {
  const {
    stateVersion: _1,
    revision: _2,
    state: _3,
    error: _4,
    apiBaseUrl: _5,
    agentIdentifier: _6,
    ...inputs
  } = outs;
  return inputs as RegistrationOutputs;
}
