import type { ResourceProvider } from "@pulumi/pulumi/dynamic/index.js";
import { RegistrationError } from "./errors.ts";
import { type ConfirmationInputs, type ConfirmationOutputs, STATE_VERSION } from "./inputs.ts";
import { type Network, type Row, isLeaving, isLive, isSettled } from "./model.ts";
import { plainly } from "./plainly.ts";
import type { Session } from "./session.ts";

const READ_AGE_MS = 60_000;
/** A message about a wait is repeated after this time, and whenever the state changes. */
const REPEAT_MS = 10_000;
/** After this time the wallet of a V2 registration that is still Requested is looked at: the service does not say that it is empty. */
const SUSPICIOUS_MS = 60_000;
/** 5 ADA stay beside the token; the rest is the fee. */
const LOVELACE_PER_MINT = 5_500_000n;

/** What stands behind AgentConfirmation, in the process that the engine asks. */
export function createConfirmationProvider(
  session: Session,
  suspiciousMs = SUSPICIOUS_MS,
): ResourceProvider<ConfirmationInputs, ConfirmationOutputs> {
  return {
    configure: (request) => session.configure(request),

    async check(_olds, news) {
      session.ledger.sawProgram();
      return { inputs: news };
    },

    /** Only another registration, or new content of the same one, is worth waiting for. */
    async diff(_id, olds, news) {
      session.ledger.sawProgram();
      const isOther = olds.registrationId !== news.registrationId;
      return {
        changes: isOther || olds.revision !== news.revision,
        replaces: isOther ? ["registrationId"] : [],
      };
    },

    create: (inputs) =>
      plainly(session, async () => ({
        id: inputs.registrationId,
        outs: await confirm(session, inputs, suspiciousMs),
      })),
    update: (_id, _olds, news) =>
      plainly(session, async () => ({ outs: await confirm(session, news, suspiciousMs) })),
    read: (id, props) => plainly(session, () => readConfirmation(session, id, props)),

    /** Nothing of it is anywhere but in the state. */
    async delete() {},
  };
}

/**
 * Waits until the chain has the registration, or its update.
 *
 * @throws RegistrationError REGISTRATION_FAILED, UPDATE_FAILED, REGISTRATION_GONE, REGISTRATION_LEAVING at once;
 * MASUMI_STILL_PENDING after waitMinutes
 */
async function confirm(
  session: Session,
  inputs: ConfirmationInputs,
  suspiciousMs: number,
): Promise<ConfirmationOutputs> {
  const { registrationId, network, walletType, waitMinutes } = inputs;
  const view = await session.view(network, walletType);
  let latest: Row | undefined;
  const tell = createTeller(session, inputs, suspiciousMs);
  const settled = await view.waitFor<Row>(registrationId, {
    deadline: Date.now() + waitMinutes * 60_000,
    judge: (row) => {
      latest = row;
      if (!row) throw gone(registrationId);
      return isSettled(row.state) || isLeaving(row.state) ? row : undefined;
    },
    onLook: (row) => row && tell(row),
  });
  if (!settled) throw await stillPending(session, inputs, latest);
  if (!isLive(settled.state)) throw await failed(session, network, settled);
  return toOutputs(inputs, settled);
}

const toOutputs = (inputs: ConfirmationInputs, row: Row): ConfirmationOutputs => ({
  ...inputs,
  stateVersion: STATE_VERSION,
  agentIdentifier: row.agentIdentifier,
  state: row.state,
  txHash: row.txHash,
  feeLovelace: row.feeLovelace,
  lockedLovelace: row.lockedLovelace,
});

async function readConfirmation(session: Session, id: string, props: ConfirmationOutputs | undefined) {
  if (!props) return { id: "" };
  const view = await session.view(props.network, props.walletType);
  const row = (await view.rows(READ_AGE_MS)).get(props.registrationId);
  if (!row || row.state === "DeregistrationConfirmed") return { id: "" };
  return { id, props: toOutputs(props, row) };
}

/** Says under the resource what it waits for, and once per wallet that the wallet may be empty. */
function createTeller(
  session: Session,
  inputs: ConfirmationInputs,
  suspiciousMs: number,
): (row: Row) => void {
  const startedAt = Date.now();
  let said = { at: 0, state: "" };
  return (row) => {
    const waited = Date.now() - startedAt;
    if (row.state !== said.state || Date.now() - said.at >= REPEAT_MS) {
      said = { at: Date.now(), state: row.state };
      session.progress(inputs.resourceUrn, describeWait(inputs, row, waited));
    }
    if (waited > suspiciousMs && row.type === "V2" && row.state === "RegistrationRequested") {
      void warnIfUnfunded(session, inputs, row);
    }
  };
}

function describeWait(
  { queueLength = 1, walletType }: ConfirmationInputs,
  row: Row,
  waitedMs: number,
): string {
  const parts = [row.state, `${Math.round(waitedMs / 1000)} s`];
  if (row.txHash) parts.push(`tx ${row.txHash}`);
  else if (queueLength > 1) {
    const pace = walletType === "V1" ? "one at a time" : "five at a time";
    parts.push(`${queueLength} registrations share the wallet, ${pace}`);
  }
  return parts.join(" · ");
}

async function warnIfUnfunded(
  session: Session,
  { network, resourceUrn }: ConfirmationInputs,
  row: Row,
): Promise<void> {
  if (!session.isFirst(`balance ${row.walletAddress}`)) return;
  const hint = await fundingHint(session, network, row);
  if (hint) session.note("warning", resourceUrn, `Still ${row.state}. ${hint}`);
}

/** What to send where, if the selling wallet cannot pay for a registration; undefined if it can or is not known. */
async function fundingHint(session: Session, network: Network, row: Row): Promise<string | undefined> {
  if (!row.walletAddress) return undefined;
  const client = await session.client();
  const balance = await client.balanceLovelace(network, row.walletAddress).catch(() => undefined);
  if (balance === undefined || balance >= LOVELACE_PER_MINT) return undefined;
  const faucet = network === "Preprod" ? " The Preprod faucet gives test ADA." : "";
  return (
    `The selling wallet holds ${ada(balance)} ADA; a registration takes up to ${ada(LOVELACE_PER_MINT)}. ` +
    `Send at least ${ada(LOVELACE_PER_MINT - balance)} ADA to ${row.walletAddress}.${faucet}`
  );
}

const ada = (lovelace: bigint) => String(Number(lovelace) / 1_000_000);

async function stillPending(
  session: Session,
  { registrationId, network, waitMinutes }: ConfirmationInputs,
  row: Row | undefined,
): Promise<RegistrationError> {
  const details = {
    code: "MASUMI_STILL_PENDING",
    what: `Registration ${registrationId} is ${row?.state ?? "not seen"} after ${waitMinutes} minutes.`,
  } as const;
  const again = "Run again: it simply waits on.";
  if (row?.state === "RegistrationRequested") {
    const hint = await fundingHint(session, network, row);
    return new RegistrationError({
      ...details,
      remedy: hint && `${hint} Then run again: it simply waits on.`,
    });
  }
  if (row?.type === "V1" && row.txHash) {
    return new RegistrationError({
      ...details,
      remedy:
        `Look for transaction ${row.txHash} in a chain explorer of ${network}. If the chain does not know it, it was ` +
        `dropped, and the service leaves a V1 registration so for ever: ask its administrator. Otherwise: ${again}`,
    });
  }
  return new RegistrationError(details);
}

async function failed(session: Session, network: Network, row: Row): Promise<RegistrationError> {
  const details = { what: `Registration ${row.id} is ${row.state}.`, serviceMessage: row.error };
  if (row.state === "RegistrationFailed") {
    const hint = await fundingHint(session, network, row);
    const remedy = hint && `${hint} The next up registers the agent anew.`;
    return new RegistrationError({ code: "REGISTRATION_FAILED", ...details, remedy });
  }
  if (row.state === "UpdateFailed") return new RegistrationError({ code: "UPDATE_FAILED", ...details });
  if (isLeaving(row.state)) return new RegistrationError({ code: "REGISTRATION_LEAVING", ...details });
  if (row.state === "DeregistrationConfirmed") return gone(row.id);
  return new RegistrationError({ code: "DEREGISTRATION_FAILED", ...details });
}

const gone = (id: string) =>
  new RegistrationError({ code: "REGISTRATION_GONE", what: `Registration ${id} is not there any more.` });
