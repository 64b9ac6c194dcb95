import { formatAda } from "../../common/amounts.ts";
import type { ResourceProvider } from "@pulumi/pulumi/dynamic/index.js";
import { LOVELACE_PER_MINT } from "../service/costs.ts";
import { RegistrationError } from "../service/errors.ts";
import {
  type ConfirmationInputs,
  type ConfirmationOutputs,
  type SentConfirmationInputs,
  STATE_VERSION,
} from "./inputs.ts";
import { type Network, type Row, isLeaving, isLive, isOver, isSettled } from "../service/model.ts";
import { withoutStack } from "./without-stack.ts";
import { blameFor, describeBlame } from "../service/rules/chain-texts.ts";
import { deadlineBy, queueSeconds, requestsBefore } from "../service/rules/queue.ts";
import type { Session } from "./session.ts";
import {
  type KnownRegistration,
  assertGone,
  missingRowPatience,
  nameOf,
  noLongerListed,
  notListed,
} from "./whereabouts.ts";

const READ_AGE_MS = 60_000;
/** A message about a wait is repeated after this time, and whenever the state changes. */
const REPEAT_MS = 10_000;
/** After this time the wallet of a V2 registration in state Requested is checked: the service does not report that it is empty. */
const SUSPICIOUS_MS = 60_000;

/** Returns the dynamic provider behind AgentConfirmation. */
export function createConfirmationProvider(
  session: Session,
  suspiciousMs = SUSPICIOUS_MS,
): ResourceProvider<SentConfirmationInputs, ConfirmationOutputs> {
  return {
    configure: (request) => session.configure(request),

    async check(_olds, news) {
      session.run.sawProgram();
      return { inputs: news };
    },

    /** Only another registration, or new content of the same one, has to be waited for. */
    async diff(_id, olds, sent) {
      const news = received(sent);
      const isOther = olds.registrationId !== news.registrationId;
      return {
        changes: isOther || olds.revision !== news.revision,
        replaces: isOther ? ["registrationId"] : [],
      };
    },

    create: (inputs) =>
      withoutStack(session, async () => ({
        id: inputs.registrationId,
        outs: await confirm(session, received(inputs), suspiciousMs),
      })),
    update: (_id, _olds, news) =>
      withoutStack(session, async () => ({ outs: await confirm(session, received(news), suspiciousMs) })),
    read: (id, props) => withoutStack(session, () => readConfirmation(session, id, props)),

    /** It exists only in the state. */
    async delete() {},
  };
}

const received = ({
  revision = "",
  __revision = revision,
  queueLength,
  __queueLength = queueLength,
  ...inputs
}: SentConfirmationInputs): ConfirmationInputs => ({
  ...inputs,
  revision: __revision,
  ...(__queueLength === undefined ? {} : { queueLength: __queueLength }),
});

/**
 * Waits until the chain has confirmed the registration or its update.
 *
 * @throws RegistrationError REGISTRATION_FAILED, UPDATE_FAILED, REGISTRATION_GONE, REGISTRATION_LEAVING at once;
 * REGISTRY_INCONSISTENT if the list lacks the registration for settleSeconds; MASUMI_STILL_PENDING after waitMinutes
 */
async function confirm(
  session: Session,
  inputs: ConfirmationInputs,
  suspiciousMs: number,
): Promise<ConfirmationOutputs> {
  const { registrationId, network, walletVkey, walletType, waitMinutes, queueLength } = inputs;
  const view = await session.view(network, walletType);
  const rows = () => view.known.values();
  const startedAt = Date.now();
  let latest: Row | undefined;
  const tell = createTeller(session, inputs, rows, suspiciousMs);
  const wallet = { vkey: walletVkey, type: walletType };
  const isPatient = missingRowPatience((await session.settings()).settleSeconds);
  const settled = await view.waitFor<Row>(registrationId, {
    deadline: deadlineBy({
      waitMinutes,
      wallet,
      expected: queueLength,
      queueLength: () => view.queueLength(walletVkey),
    }),
    judge: (row) => {
      latest = row;
      if (isPatient(row)) return undefined;
      if (!row) throw noLongerListed(registrationId, nameOf(inputs.resourceUrn, registrationId));
      return isSettled(row.state) || isLeaving(row.state) ? row : undefined;
    },
    onLook: (row) => (row ? tell(row) : session.progress(inputs.resourceUrn, notListed(registrationId))),
    onTrouble: (error) =>
      session.progress(inputs.resourceUrn, `Waiting for the payment service: ${error.message}`),
  });
  if (!settled) throw await stillPending(session, inputs, latest, { rows, waitedMs: Date.now() - startedAt });
  const agentId = nameOf(inputs.resourceUrn, registrationId);
  await session.spending.settled({ agentId, network, wallet, resourceUrn: inputs.resourceUrn }, settled);
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
  const { registrationId, network, walletVkey, walletType, agentIdentifier, state } = props;
  const row = await view.find(registrationId, READ_AGE_MS);
  if (!row || isOver(row.state)) {
    const agentId = nameOf(props.resourceUrn, registrationId);
    const wallet = { vkey: walletVkey, type: walletType };
    const known = { id: registrationId, agentId, network, wallet, marker: "", agentIdentifier, state };
    if (!(await isGone(session, known, row))) return { id, props };
  }
  if (!row || row.state === "DeregistrationConfirmed") return { id: "" };
  return { id, props: toOutputs(props, row) };
}

/** Whether the list can be believed that a registration is gone. If not, its own refresh says so; this one keeps what is known. */
async function isGone(session: Session, known: KnownRegistration, row: Row | undefined): Promise<boolean> {
  try {
    await assertGone(session, known, row);
    return true;
  } catch (error) {
    if (error instanceof RegistrationError && error.code === "REGISTRY_INCONSISTENT") return false;
    throw error;
  }
}

/** Returns a function that reports what the resource waits for and, once per wallet, that the wallet may be empty. */
function createTeller(
  session: Session,
  inputs: ConfirmationInputs,
  rows: () => Iterable<Row>,
  suspiciousMs: number,
): (row: Row) => void {
  const startedAt = Date.now();
  let said = { at: 0, state: "" };
  return (row) => {
    const waited = Date.now() - startedAt;
    if (row.state !== said.state || Date.now() - said.at >= REPEAT_MS) {
      said = { at: Date.now(), state: row.state };
      session.progress(inputs.resourceUrn, describeWait(row, rows(), waited));
    }
    if (waited > suspiciousMs && row.type === "V2" && row.state === "RegistrationRequested") {
      void warnIfUnfunded(session, inputs, row);
    }
  };
}

function describeWait(row: Row, rows: Iterable<Row>, waitedMs: number): string {
  const parts = [row.state, `${Math.round(waitedMs / 1000)} s`];
  if (row.txHash) parts.push(`tx ${row.txHash}`);
  const queue = describeQueue(row, rows);
  if (queue) parts.push(queue);
  return parts.join(" · ");
}

/** Returns how many requests come first and how long that usually takes; "" if there are none. */
function describeQueue(row: Row, rows: Iterable<Row>): string {
  const before = requestsBefore(row, rows);
  if (before === 0) return "";
  const pace = row.type === "V1" ? "one at a time" : "five at a time";
  const minutes = Math.ceil(queueSeconds(row.type, before + 1) / 60);
  return `${before} before it in the wallet's queue, processed ${pace}: usually ${minutes} min on a real chain`;
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

/** Returns how much to send where if the selling wallet cannot pay for a registration; undefined if it can or is unknown. */
async function fundingHint(session: Session, network: Network, row: Row): Promise<string | undefined> {
  if (!row.walletAddress) return undefined;
  const client = await session.client();
  const balance = await client.balanceLovelace(network, row.walletAddress).catch(() => undefined);
  if (balance === undefined || balance >= LOVELACE_PER_MINT) return undefined;
  const faucet = network === "Preprod" ? " The Preprod faucet gives test ADA." : "";
  return (
    `The selling wallet holds ${formatAda(balance)} ADA, but a registration needs up to ${formatAda(LOVELACE_PER_MINT)} ADA. ` +
    `Send at least ${formatAda(LOVELACE_PER_MINT - balance)} ADA to ${row.walletAddress}.${faucet}`
  );
}

async function stillPending(
  session: Session,
  { registrationId, network }: ConfirmationInputs,
  row: Row | undefined,
  { rows, waitedMs }: { readonly rows: () => Iterable<Row>; readonly waitedMs: number },
): Promise<RegistrationError> {
  const minutes = Math.round(waitedMs / 6_000) / 10;
  const details = {
    code: "MASUMI_STILL_PENDING",
    what: `Registration ${registrationId} is ${row?.state ?? "still unknown"} after ${minutes} minutes.`,
  } as const;
  const again = "run again; it resumes waiting, nothing is sent twice.";
  if (row?.state === "RegistrationRequested") {
    const hint = await fundingHint(session, network, row);
    const queue = describeQueue(row, rows());
    const why = hint ?? (queue && `There are ${queue}.`);
    return new RegistrationError({
      ...details,
      remedy: why ? `${why} Then ${again}` : undefined,
    });
  }
  if (row?.txHash) {
    return new RegistrationError({
      ...details,
      remedy:
        `Look up transaction ${row.txHash} in a chain explorer for ${network}. If it is not there, it was dropped, which ` +
        `the service may never notice: ask its administrator. Otherwise ${again}`,
    });
  }
  return new RegistrationError(details);
}

const SHORTEN = "Shorten it, then run up: it sends the agent again.";
/** The other agent may be somebody else's. */
const INNOCENT =
  "This agent needs no change: run up, which sends it again. The other one fails every batch that it is in until its text is shortened.";

async function failed(session: Session, network: Network, row: Row): Promise<RegistrationError> {
  const { known } = await session.view(network, row.type);
  const blame = blameFor(row, known.values());
  const what = [`Registration ${row.id} is ${row.state}.`, describeBlame(blame)].filter(Boolean).join(" ");
  const details = { what, serviceMessage: row.error };
  const again = blame && (blame.isOwn ? SHORTEN : INNOCENT);
  if (row.state === "RegistrationFailed") {
    const hint = blame ? undefined : await fundingHint(session, network, row);
    const remedy = again ?? (hint && `${hint} Then run up: it registers the agent again.`);
    return new RegistrationError({ code: "REGISTRATION_FAILED", ...details, remedy });
  }
  if (row.state === "UpdateFailed") {
    return new RegistrationError({ code: "UPDATE_FAILED", ...details, remedy: again });
  }
  if (isLeaving(row.state)) return new RegistrationError({ code: "REGISTRATION_LEAVING", ...details });
  if (row.state === "DeregistrationConfirmed") return gone(row.id);
  return new RegistrationError({ code: "DEREGISTRATION_FAILED", ...details });
}

const gone = (id: string) =>
  new RegistrationError({ code: "REGISTRATION_GONE", what: `Registration ${id} was deregistered.` });
