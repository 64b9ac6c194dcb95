import { type Registration, toUpdateBody } from "../service/client/convert.ts";
import { RefusedError, RegistrationError, ServiceError } from "../service/errors.ts";
import type { RegistrationInputs, RegistrationOutputs } from "./inputs.ts";
import { type Row, isLeaving, isSettled, isUpdatable } from "../service/model.ts";
import { assertUpdatable } from "../service/rules/possible.ts";
import { deadlineBy } from "../service/rules/queue.ts";
import { probe, settleSeconds, toOutputs, toRegistration } from "./registration-common.ts";
import { assertTextsFit } from "../service/rules/chain-texts.ts";
import { shows } from "../service/rules/content.ts";
import type { Session } from "./session.ts";
import { missingRowPatience, noLongerListed, notListed } from "./whereabouts.ts";
import { awaitEffect } from "../service/reads/await-effect.ts";

/**
 * Updates a V2 registration to the declared content, in place. Sends nothing if that is already under way, because an earlier
 * run died after its request.
 *
 * @throws RegistrationError, ServiceError, RefusedError, SettingsError
 */
export async function updateRegistration(
  session: Session,
  id: string,
  olds: RegistrationOutputs,
  inputs: RegistrationInputs,
): Promise<{ outs: RegistrationOutputs }> {
  session.run.hold(id);
  const row = await waitUntilUpdatable(session, id, inputs);
  await session.spending.settled(inputs, row);
  const updated = isThere(row, inputs) ? row : await submitUpdate(session, inputs, row);
  const revision = String(Number(olds.revision) + 1);
  return { outs: toOutputs(inputs, updated, revision) };
}

/** Returns whether the row shows the content, and the chain has it or will have it. */
function isThere(row: Row, inputs: RegistrationInputs): boolean {
  const marked = row.markers.includes(inputs.marker) || inputs.adopt === row.id;
  // A failed update shows the new content, although the chain has the old one.
  return row.state !== "UpdateFailed" && marked && shows(row, toRegistration(inputs));
}

/** Waits until the registration can be updated or needs no update. */
async function waitUntilUpdatable(session: Session, id: string, inputs: RegistrationInputs): Promise<Row> {
  const view = await session.view(inputs.network, inputs.wallet.type);
  const { waitMinutes } = await session.settings();
  const isPatient = missingRowPatience(await settleSeconds(session, inputs));
  const row = await view.waitFor(id, {
    deadline: deadlineBy({
      waitMinutes,
      wallet: inputs.wallet,
      queueLength: () => view.queueLength(inputs.wallet.vkey),
    }),
    judge: (row) => (isPatient(row) ? undefined : judgeBeforeUpdate(id, row, inputs)),
    onLook: (row) =>
      session.progress(
        inputs.resourceUrn,
        row ? `${row.state}: the update waits until this is confirmed` : notListed(id),
      ),
    onTrouble: (error) =>
      session.progress(inputs.resourceUrn, `Waiting for the payment service: ${error.message}`),
  });
  if (row) return row;
  throw new RegistrationError({
    code: "MASUMI_STILL_PENDING",
    what: `Registration ${id} did not reach a final state in time, so it cannot be updated yet.`,
  });
}

function judgeBeforeUpdate(id: string, row: Row | undefined, inputs: RegistrationInputs): Row | undefined {
  if (!row) throw noLongerListed(id, inputs.agentId);
  if (row.state === "DeregistrationConfirmed") {
    throw new RegistrationError({
      code: "REGISTRATION_GONE",
      what: `Registration ${id} cannot be updated: it was deregistered.`,
    });
  }
  if (!isSettled(row.state) && !isLeaving(row.state)) return isThere(row, inputs) ? row : undefined;
  assertUpdatable(row);
  return row;
}

/** Sends the one POST of an update, after checking that the agent answers. If its answer is lost, checks the registration. */
export async function submitUpdate(session: Session, inputs: RegistrationInputs, live: Row): Promise<Row> {
  const client = await session.client();
  const view = await session.view(inputs.network, inputs.wallet.type);
  const registration = toRegistration(inputs);
  assertTextsFit(inputs.agentId, inputs.listing, await client.apiDocs());
  await probe(session, inputs);
  await session.checkAdminKey(inputs.network, inputs.resourceUrn);
  const request = await session.spending.request("update", inputs, live.id);
  const beforeSend = async () => {
    await session.assertRunAlive();
    await request.send();
  };
  let row: Row;
  try {
    row = await client.update(toUpdateBody(registration, live), { beforeSend });
  } catch (error) {
    const isLost = error instanceof ServiceError && error.unclear;
    if (!isLost) await request.refused();
    if (error instanceof RefusedError && error.code === "NOT_FOUND") {
      return updateUnderNewIdentifier(session, inputs, live, error);
    }
    if (!isLost) throw error;
    session.note(
      "warning",
      inputs.resourceUrn,
      `${error.what} Checking the registration; nothing is sent twice.`,
    );
    row = await findAfterLostAnswer(session, inputs, registration, live, error).catch(
      async (failure: unknown) => {
        await request.lost();
        throw failure;
      },
    );
  }
  await request.answered(row);
  view.note(row);
  return row;
}

/** Retries with the current identifier, which changes with every update, including one made elsewhere. */
async function updateUnderNewIdentifier(
  session: Session,
  inputs: RegistrationInputs,
  live: Row,
  refusal: RefusedError,
): Promise<Row> {
  const view = await session.view(inputs.network, inputs.wallet.type);
  const now = await view.find(live.id, 0);
  if (!now || now.agentIdentifier === live.agentIdentifier || !isUpdatable(now.state)) throw refusal;
  return submitUpdate(session, inputs, now);
}

/** @throws RegistrationError UPDATE_UNCLEAR */
async function findAfterLostAnswer(
  session: Session,
  inputs: RegistrationInputs,
  registration: Registration,
  before: Row,
  lost: ServiceError,
): Promise<Row> {
  const view = await session.view(inputs.network, inputs.wallet.type);
  const seconds = await settleSeconds(session, inputs);
  const row = await awaitEffect(seconds, async () => {
    const now = await view.find(before.id, 0);
    const hasMoved = now && (now.state !== before.state || now.updatedAt !== before.updatedAt);
    return hasMoved && shows(now, registration) ? now : undefined;
  });
  if (row) return row;
  throw new RegistrationError({
    code: "UPDATE_UNCLEAR",
    what: `${lost.what} Registration ${before.id} did not change within ${seconds} s.`,
    status: lost.status,
    serviceMessage: lost.serviceMessage,
  });
}
