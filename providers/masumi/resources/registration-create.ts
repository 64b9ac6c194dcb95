import { assertBurnAllowed } from "./burn-limit.ts";
import { type Registration, toRegisterBody } from "../service/client/convert.ts";
import { notUnderstood } from "../service/client/entries.ts";
import { RefusedError, RegistrationError, ServiceError } from "../service/errors.ts";
import type { RegistrationInputs, RegistrationOutputs } from "./inputs.ts";
import type { IntentKey } from "./intents.ts";
import { type Row, type SkippedEntry, isLeaving, isOver } from "../service/model.ts";
import { probe, settleSeconds, toOutputs, toRegistration } from "./registration-common.ts";
import { submitUpdate } from "./registration-update.ts";
import { assertTextsFit } from "../service/rules/chain-texts.ts";
import { shows } from "../service/rules/content.ts";
import { type Look, decideCreate } from "../service/rules/decisions.ts";
import type { Session } from "./session.ts";
import { awaitEffect } from "../service/reads/await-effect.ts";

/** Maximum age of the registry view on which a registration is decided. */
const LOOK_AGE_MS = 5_000;

/**
 * Registers an agent: checks that the agent answers, looks for an existing registration, and only then sends the one request
 * that costs money. Returns as soon as the registration's id is known; nothing is confirmed yet.
 *
 * @throws RegistrationError, ServiceError, RefusedError, SettingsError
 */
export async function createRegistration(
  session: Session,
  inputs: RegistrationInputs,
): Promise<{ id: string; outs: RegistrationOutputs }> {
  const client = await session.client();
  const registration = toRegistration(inputs);
  if (inputs.wallet.type === "V2" && !(await client.apiDocs()).hasV2) {
    throw new RegistrationError({ code: "V2_NOT_SUPPORTED", what: `${inputs.agentId} needs a V2 wallet.` });
  }
  assertTextsFit(inputs.agentId, inputs.listing, await client.apiDocs());
  await probe(session, inputs);

  const { look, rows } = await lookForRow(session, inputs, registration);
  if (look.kind === "register") {
    await assertReplacementsAllowed(session, inputs, rows);
    const row = await register(session, inputs, registration, rows);
    return { id: row.id, outs: toOutputs(inputs, row, "1") };
  }
  await session.intents.remove(await intentKey(session, inputs));
  session.run.hold(look.row.id);
  if (look.kind === "adopt-and-update") {
    const row = await submitUpdate(session, inputs, look.row);
    return { id: row.id, outs: toOutputs(inputs, row, "1") };
  }
  reportAdoption(session, inputs, look.row, look.spare);
  return { id: look.row.id, outs: toOutputs(inputs, look.row, "1") };
}

interface Seen {
  readonly look: Look;
  readonly rows: readonly Row[];
}

/**
 * Looks for an existing registration. If a run that was killed during its POST left a note, its registration may still
 * appear, so nothing is decided until that request must have had its effect.
 */
async function lookForRow(
  session: Session,
  inputs: RegistrationInputs,
  registration: Registration,
): Promise<Seen> {
  const lookOnce = async (maxAgeMs: number): Promise<Seen> => {
    const rows = await session.allRows(inputs.network, maxAgeMs);
    await session.assertUnderstood(
      inputs.network,
      ({ id, state, markers }) => id === inputs.adopt || (!isOver(state) && markers.includes(inputs.marker)),
    );
    const { deregistering, replaced } = session.run;
    return { rows, look: decideCreate({ registration, adopt: inputs.adopt, rows, deregistering, replaced }) };
  };
  const startedAt = await session.intents.startedAt(await intentKey(session, inputs));
  if (startedAt === undefined) return lookOnce(LOOK_AGE_MS);
  const first = await lookOnce(0);
  const secondsLeft = (startedAt - Date.now()) / 1000 + (await settleSeconds(session, inputs));
  if (first.look.kind !== "register" || secondsLeft <= 0) return first;
  session.progress(
    inputs.resourceUrn,
    `An earlier run was killed while it registered the agent; looking for the registration for up to ${Math.ceil(secondsLeft)} s`,
  );
  const found = await awaitEffect(secondsLeft, async () => {
    const seen = await lookOnce(0);
    return seen.look.kind === "register" ? undefined : seen;
  });
  return found ?? lookOnce(0);
}

/** Checks in advance whether a replacement may burn the old registration, which happens after the new one is paid for. */
async function assertReplacementsAllowed(
  session: Session,
  { network, agentId }: RegistrationInputs,
  rows: readonly Row[],
): Promise<void> {
  const replaced = session.run.replacedBy(agentId);
  for (const { id, state } of rows) {
    if (!replaced.includes(id) || isOver(state) || isLeaving(state)) continue;
    await assertBurnAllowed(session, { network, agentId, rowId: id });
  }
}

const intentKey = async (session: Session, { network, marker }: RegistrationInputs): Promise<IntentKey> => ({
  url: (await session.settings()).url,
  network,
  marker,
});

function reportAdoption(
  session: Session,
  { resourceUrn }: RegistrationInputs,
  row: Row,
  spare: readonly Row[],
): void {
  session.note("info", resourceUrn, `Took over registration ${row.id} (${row.state}); nothing was sent.`);
  if (spare.length === 0) return;
  session.note(
    "warning",
    resourceUrn,
    `The agent is registered ${spare.length + 1} times. Registration ${row.id} is kept; ` +
      `${spare.map(({ id }) => id).join(", ")} can be deregistered in the payment service.`,
  );
}

/** Sends the one POST. If its answer is lost, looks for the registration itself and sends nothing again. */
async function register(
  session: Session,
  inputs: RegistrationInputs,
  registration: Registration,
  rowsBefore: readonly Row[],
): Promise<Row> {
  const client = await session.client();
  await session.warnOfAdminKey(inputs.resourceUrn);
  const intent = await intentKey(session, inputs);
  const body = toRegisterBody(registration);
  const beforeSend = async () => {
    await session.assertRunAlive();
    await session.intents.write(intent, body);
  };
  let row: Row;
  try {
    row = await client.register(body, { beforeSend });
  } catch (error) {
    if (wasSurelyRefused(error)) await session.intents.remove(intent);
    if (!(error instanceof ServiceError) || !error.unclear) throw error;
    session.note(
      "warning",
      inputs.resourceUrn,
      `${error.what} Looking for the registration; nothing is sent twice.`,
    );
    row = await findAfterLostAnswer(session, inputs, registration, rowsBefore, error);
  }
  await session.intents.remove(intent);
  session.run.hold(row.id);
  (await session.view(inputs.network, inputs.wallet.type)).note(row);
  return row;
}

const wasSurelyRefused = (error: unknown) =>
  error instanceof RefusedError || (error instanceof ServiceError && !error.unclear);

/**
 * Finds the registration that a request with a lost answer made: it has our marker and the same content, and is new. (Not by
 * its time, because clocks differ.) @throws RegistrationError REGISTRATION_UNCLEAR
 */
async function findAfterLostAnswer(
  session: Session,
  inputs: RegistrationInputs,
  registration: Registration,
  rowsBefore: readonly Row[],
  lost: ServiceError,
): Promise<Row> {
  const client = await session.client();
  const { network, marker, wallet, agentId } = inputs;
  const known = new Set(rowsBefore.map(({ id }) => id));
  const seconds = await settleSeconds(session, inputs);
  const row = await awaitEffect(seconds, async () => {
    const onSkipped = (entry: SkippedEntry) => {
      if (entry.markers.includes(marker)) throw notUnderstood(entry);
    };
    const rows = await client.listOwn({ network, type: wallet.type, search: marker }, { onSkipped });
    return rows.findLast(
      (row) => !known.has(row.id) && row.markers.includes(marker) && shows(row, registration),
    );
  });
  if (row) return row;
  throw new RegistrationError({
    code: "REGISTRATION_UNCLEAR",
    what: `${lost.what} No registration of ${agentId} appeared within ${seconds} s.`,
    status: lost.status,
    serviceMessage: lost.serviceMessage,
  });
}
