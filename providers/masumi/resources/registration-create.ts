import { assertBurnAllowed } from "./burn-limit.ts";
import { type Registration, toRegisterBody } from "../service/client/convert.ts";
import { notUnderstood } from "../service/client/entries.ts";
import { RefusedError, RegistrationError, ServiceError } from "../service/errors.ts";
import { doublesWarning } from "./doubles.ts";
import type { RegistrationInputs, RegistrationOutputs } from "./inputs.ts";
import { type IntentKey, unsettled } from "../service/intents.ts";
import { type Row, type SkippedEntry, isLeaving, isLive, isOver, isPending } from "../service/model.ts";
import { probe, settleSeconds, toOutputs, toRegistration } from "./registration-common.ts";
import { submitUpdate } from "./registration-update.ts";
import { assertTextsFit } from "../service/rules/chain-texts.ts";
import { shows } from "../service/rules/content.ts";
import { type Look, decideCreate } from "../service/rules/decisions.ts";
import { chooseKept } from "../service/rules/kept.ts";
import { RowIndex } from "../service/rules/row-index.ts";
import { assertListingSupported, assertTypeSupported } from "../service/rules/possible.ts";
import type { Session } from "./session.ts";
import { assertUnregistered } from "./whereabouts.ts";
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
  const dialect = await client.apiDocs();
  assertTypeSupported(inputs.agentId, inputs.wallet, dialect);
  assertListingSupported(inputs.agentId, inputs.listing, dialect);
  assertTextsFit(inputs.agentId, inputs.listing, dialect);
  await probe(session, inputs);

  const { look, rows } = await lookForRow(session, inputs, registration);
  if (look.kind === "register") {
    await assertUnregistered(session, inputs, rows);
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
  await session.spending.adopted(inputs, look.row);
  return { id: look.row.id, outs: toOutputs(inputs, look.row, "1") };
}

interface Seen {
  readonly look: Look;
  readonly rows: readonly Row[];
}

/**
 * Looks for an existing registration. If an earlier run left a note, because it was killed during its POST or its answer was
 * lost, its registration may still appear. It is looked for as long as such a request usually takes; after that only a person
 * can decide that it never will.
 *
 * @throws RegistrationError REGISTRATION_UNSETTLED
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
  if (first.look.kind !== "register" || (await session.forgets(inputs.agentId))) return first;
  const secondsLeft = (startedAt - Date.now()) / 1000 + (await settleSeconds(session, inputs));
  if (secondsLeft <= 0) throw unsettled(inputs.agentId, startedAt);
  session.progress(
    inputs.resourceUrn,
    `An earlier run was killed while it registered the agent; looking for the registration for up to ${Math.ceil(secondsLeft)} s`,
  );
  const found = await awaitEffect(secondsLeft, async () => {
    const seen = await lookOnce(0);
    return seen.look.kind === "register" ? undefined : seen;
  });
  if (found) return found;
  // The last look may have failed: its error says more.
  const last = await lookOnce(0);
  if (last.look.kind === "register") throw unsettled(inputs.agentId, startedAt);
  return last;
}

/** Checks in advance whether a replacement may burn the old registration, which happens after the new one is paid for. */
async function assertReplacementsAllowed(
  session: Session,
  { network, agentId, marker }: RegistrationInputs,
  rows: readonly Row[],
): Promise<void> {
  const replaced = session.run.replacedBy(marker);
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
  warnOfDoubles(session, resourceUrn, row, spare);
}

function warnOfDoubles(
  session: Session,
  resourceUrn: string | undefined,
  row: Row,
  spare: readonly Row[],
): void {
  if (spare.length === 0) return;
  const others = spare.map(({ id }) => id);
  session.note("warning", resourceUrn, doublesWarning(row.id, others));
}

/** Sends the one POST. If its answer is lost, looks for the registration itself and sends nothing again. */
async function register(
  session: Session,
  inputs: RegistrationInputs,
  registration: Registration,
  rowsBefore: readonly Row[],
): Promise<Row> {
  const client = await session.client();
  await session.checkAdminKey(inputs.network, inputs.resourceUrn);
  const intent = await intentKey(session, inputs);
  const body = toRegisterBody(registration);
  const request = await session.spending.request("register", inputs);
  const beforeSend = async () => {
    await session.assertRunAlive();
    await session.intents.write(intent, inputs.agentId, body);
    await request.send();
  };
  let row: Row;
  try {
    row = await client.register(body, { beforeSend });
  } catch (error) {
    if (wasSurelyRefused(error)) {
      await session.intents.remove(intent);
      await request.refused();
    }
    if (!(error instanceof ServiceError) || !error.unclear) throw error;
    session.note(
      "warning",
      inputs.resourceUrn,
      `${error.what} Looking for the registration; nothing is sent twice.`,
    );
    row = await findAfterLostAnswer(session, inputs, registration, rowsBefore, error).catch(
      async (failure: unknown) => {
        await request.lost();
        throw failure;
      },
    );
  }
  await request.answered(row);
  (await session.view(inputs.network, inputs.wallet.type)).note(row);
  const kept = await lookForDouble(session, inputs, registration, { row, rowsBefore });
  await session.intents.remove(intent);
  session.run.hold(kept.id);
  return kept;
}

/**
 * Looks once more after the request: another run of the same owner, in another clone, may have requested the agent at the same
 * moment. Both keep the older registration, and name the other one; neither burns it. Returns the one that is kept.
 */
async function lookForDouble(
  session: Session,
  inputs: RegistrationInputs,
  registration: Registration,
  { row, rowsBefore }: { readonly row: Row; readonly rowsBefore: readonly Row[] },
): Promise<Row> {
  const view = await session.view(inputs.network, inputs.wallet.type);
  try {
    await view.rows(0);
  } catch (error) {
    // The registration is made, so the state must have it; the next plan names a double as well.
    if (error instanceof ServiceError || error instanceof RefusedError) return row;
    throw error;
  }
  const rivals = RowIndex.of(view.list)
    .withMarker(registration.marker)
    .filter(({ id }) => !rowsBefore.some((one) => one.id === id));
  const kept = chooseKept(
    [row, ...rivals.filter(({ id, state }) => id !== row.id && (isLive(state) || isPending(state)))],
    { shows: (one) => shows(one, registration) },
  );
  if (!kept.row || kept.spare.length === 0) return row;
  warnOfDoubles(session, inputs.resourceUrn, kept.row, kept.spare);
  return kept.row;
}

const wasSurelyRefused = (error: unknown) =>
  (error instanceof RegistrationError && error.code === "LEDGER_NOT_WRITABLE") ||
  error instanceof RefusedError ||
  (error instanceof ServiceError && !error.unclear);

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
