import { assertBurnAllowed } from "./burn-limit.ts";
import { MasumiError, RefusedError, RegistrationError, ServiceError } from "../service/errors.ts";
import type { RegistrationOutputs } from "./inputs.ts";
import { type Row, isBurnable, isOver, isSettled } from "../service/model.ts";
import { assertGone } from "./whereabouts.ts";
import { type OpenPayment, describePayments, drainedBy } from "../service/reads/payments.ts";
import { deadlineBy } from "../service/rules/queue.ts";
import { settleSeconds } from "./registration-common.ts";
import type { Session } from "./session.ts";
import { awaitEffect } from "../service/reads/await-effect.ts";
import { TOKEN_NOT_FOUND } from "../service/client/wire.ts";

/** Maximum number of requests for one burn, each only after a check. Once it has accepted one, the service refuses others. */
const BURN_TRIES = 3;
/** Maximum age of the list of payments on which a burn is decided; burns at about the same time share it. */
const PAYMENTS_AGE_MS = 5_000;
/** Pause after an answer that is neither yes nor no. */
const PAUSE_SECONDS = 2;

/**
 * Removes a registration from the chain, and returns once that is confirmed. Only forgets it if this run keeps it under
 * another name, if it was never minted, or if it is already gone.
 *
 * @throws RegistrationError, ServiceError, RefusedError, SettingsError
 */
export async function deleteRegistration(
  session: Session,
  id: string,
  props: RegistrationOutputs,
): Promise<void> {
  if (session.run.holds(id)) {
    session.note(
      "info",
      props.resourceUrn,
      `Registration ${id} is not removed, because this run keeps it under another name.`,
    );
    return;
  }
  return session.run.removeOnce(id, () => removeRegistration(session, id, props));
}

async function removeRegistration(session: Session, id: string, props: RegistrationOutputs): Promise<void> {
  let isTaken = false;
  for (let attempt = 1; ; attempt += 1) {
    const row = await waitUntilSettled(session, id, props);
    const listed = row === "missing" ? undefined : row;
    if (listed) await session.spending.settled(props, listed);
    if (!listed || isOver(listed.state)) await assertGone(session, { ...props, id }, listed);
    if (row === "missing" || row.state === "DeregistrationConfirmed") return;
    if (row.state === "RegistrationFailed") return removeFailedRow(session, row, props);
    if (isTaken) throw burnFailed(row);
    await assertDrained(session, row, props);
    if (attempt === 1) {
      await assertBurnAllowed(session, { ...props, rowId: id });
      session.run.deregister(id);
    }
    const outcome = await requestBurn(session, row, props, attempt);
    if (outcome === "no token") {
      const what = `The token of registration ${id} is no longer on the chain, so it is only removed from the state.`;
      return session.note("warning", props.resourceUrn, what);
    }
    isTaken = outcome === "taken";
  }
}

/** Waits until the registration can be burned, or need not be. */
async function waitUntilSettled(
  session: Session,
  id: string,
  props: RegistrationOutputs,
): Promise<Row | "missing"> {
  const view = await session.view(props.network, props.wallet.type);
  const { waitMinutes } = await session.settings();
  const startedAt = Date.now();
  const result = await view.waitFor<Row | "missing">(id, {
    deadline: deadlineBy({
      waitMinutes,
      wallet: props.wallet,
      queueLength: () => view.queueLength(props.wallet.vkey),
    }),
    judge: (row) => {
      if (!row) return "missing";
      return isSettled(row.state) ? row : undefined;
    },
    onLook: (row) => {
      const seconds = Math.round((Date.now() - startedAt) / 1000);
      const tx = row?.txHash ? ` · tx ${row.txHash}` : "";
      session.progress(props.resourceUrn, `${row?.state ?? ""} · ${seconds} s${tx}`);
    },
    onTrouble: (error) =>
      session.progress(props.resourceUrn, `Waiting for the payment service: ${error.message}`),
  });
  if (result !== undefined) return result;
  throw new RegistrationError({
    code: "MASUMI_STILL_PENDING",
    what: `Registration ${id} was not deregistered within ${Math.round((Date.now() - startedAt) / 60_000)} minutes.`,
  });
}

/** Removes the row of a registration that was never minted, if the key is an admin key; there is nothing to burn. */
async function removeFailedRow(session: Session, row: Row, props: RegistrationOutputs): Promise<void> {
  const client = await session.client();
  try {
    const { canAdmin } = await session.keyStatus();
    if (canAdmin) await client.deleteRow(row.id);
  } catch (error) {
    if (!(error instanceof ServiceError) && !(error instanceof RefusedError)) throw error;
    const what = `The failed registration ${row.id} stays in the service's list: ${error.what}`;
    session.note("warning", props.resourceUrn, what);
  }
}

/**
 * Throws if buyers have paid the agent or still may, unless MASUMI_FORCE_DEREGISTER is set. New buyers are not warned here:
 * the agent's own /availability does that as soon as its crew is draining.
 */
async function assertDrained(session: Session, row: Row, props: RegistrationOutputs): Promise<void> {
  const { forceDeregister } = await session.settings();
  try {
    await refuseOpenPayments(session, row, props);
  } catch (error) {
    if (!forceDeregister || !(error instanceof MasumiError)) throw error;
    session.note(
      "warning",
      props.resourceUrn,
      `Deregistered anyway (MASUMI_FORCE_DEREGISTER): ${error.what}`,
    );
  }
}

async function refuseOpenPayments(
  session: Session,
  row: Row,
  { network, wallet, agentId }: RegistrationOutputs,
): Promise<void> {
  const view = await session.payments(network, wallet.type);
  let open: OpenPayment[];
  try {
    open = await view.openOf(row, PAYMENTS_AGE_MS);
  } catch (error) {
    if (error instanceof RefusedError || (error instanceof ServiceError && error.status === 501)) {
      const { what, status, serviceMessage } = error;
      throw new RegistrationError({ code: "OPEN_PAYMENTS_UNKNOWN", what, status, serviceMessage });
    }
    throw error;
  }
  if (open.length === 0) return;
  const time = drainedBy(open);
  throw new RegistrationError({
    code: "OPEN_PAYMENTS",
    what: `${agentId} has ${open.length} open payment(s): ${describePayments(open)}.`,
    remedy:
      `Wait until these payments are settled${time && ` (at the latest ${time})`} and run again. MASUMI_FORCE_DEREGISTER=1 ` +
      "deregisters the agent anyway; its buyers can then only request refunds.",
  });
}

/**
 * Requests the burn once, and checks the registration if the answer is not a clear yes. "again": nothing has happened, and
 * another request makes sense. @throws RegistrationError, ServiceError, RefusedError
 */
async function requestBurn(
  session: Session,
  row: Row,
  props: RegistrationOutputs,
  attempt: number,
): Promise<"taken" | "again" | "no token"> {
  const client = await session.client();
  const view = await session.view(props.network, props.wallet.type);
  await session.checkAdminKey(props.network, props.resourceUrn);
  const request = await session.spending.request("deregister", props, row.id);
  const beforeSend = async () => {
    await session.assertRunAlive();
    await request.send();
  };
  try {
    const { network } = props;
    const taken = await client.deregister({ agentIdentifier: row.agentIdentifier, network }, { beforeSend });
    view.note(taken);
    await request.answered(taken);
    return "taken";
  } catch (error) {
    if (!(error instanceof ServiceError) && !(error instanceof RefusedError)) throw error;
    await (error instanceof ServiceError && error.unclear ? request.lost() : request.refused());
    const now = await lookAfter(session, error, row, props);
    if (!now || !isBurnable(now.state)) return "again";
    if (now.agentIdentifier === row.agentIdentifier) {
      if (error.status === 404 && error.serviceMessage === TOKEN_NOT_FOUND) return "no token";
      if (error instanceof RefusedError) throw explainRefusal(error, now);
    }
    if (attempt < BURN_TRIES) return "again";
    throw new RegistrationError({
      code: "DEREGISTRATION_UNCLEAR",
      what: `${error.what} Registration ${now.id} is still ${now.state} after ${BURN_TRIES} requests.`,
      status: error.status,
      serviceMessage: error.serviceMessage,
    });
  }
}

/** Returns the registration after an answer that is not a clear yes, waiting for what a lost request may still do. */
async function lookAfter(
  session: Session,
  error: ServiceError | RefusedError,
  before: Row,
  props: RegistrationOutputs,
): Promise<Row | undefined> {
  const view = await session.view(props.network, props.wallet.type);
  const look = () => view.find(before.id, 0);
  if (error instanceof ServiceError) {
    const wasLost = error.unclear && error.status === undefined;
    await awaitEffect(wasLost ? await settleSeconds(session) : PAUSE_SECONDS, async () => {
      const now = await look();
      return now && isBurnable(now.state) ? undefined : "moved";
    });
  }
  return look();
}

function explainRefusal(error: RefusedError, { id, state }: Row): Error {
  if (error.code !== "WRONG_STATE") return error;
  return new RegistrationError({
    code: "TOKEN_HELD_ELSEWHERE",
    what: `Registration ${id} is ${state}, but the service cannot burn its token.`,
    status: error.status,
    serviceMessage: error.serviceMessage,
  });
}

const burnFailed = ({ id, state, error }: Row) =>
  new RegistrationError({
    code: "DEREGISTRATION_FAILED",
    what: `Registration ${id} is ${state} after its deregistration.`,
    serviceMessage: error,
  });
