import { type Registration, toRegisterBody } from "./convert.ts";
import { RegistrationError, ServiceError } from "./errors.ts";
import type { RegistrationInputs, RegistrationOutputs } from "./inputs.ts";
import type { Row } from "./model.ts";
import { probe, settleSeconds, toOutputs, toRegistration } from "./registration-common.ts";
import { submitUpdate } from "./registration-update.ts";
import { shows } from "./content.ts";
import { decideCreate } from "./rules.ts";
import type { Session } from "./session.ts";
import { settle } from "./settle.ts";

/** How old the view of the registry may be when a registration is decided on. */
const LOOK_AGE_MS = 5_000;

/**
 * Registers an agent: asks the agent, looks whether its registration is there already, and only then sends
 * the one request that costs money. Returns as soon as the row id is known; nothing is confirmed yet.
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
    throw new RegistrationError({ code: "V2_NOT_SUPPORTED", what: `${inputs.agentId} has a V2 wallet.` });
  }
  await probe(session, inputs);

  const rows = await session.allRows(inputs.network, LOOK_AGE_MS);
  const { condemned, replaced } = session.ledger;
  const look = decideCreate({ registration, adopt: inputs.adopt, rows, condemned, replaced });
  if (look.kind === "register") {
    const row = await register(session, inputs, registration, rows);
    return { id: row.id, outs: toOutputs(inputs, row, "1") };
  }
  session.ledger.hold(look.row.id);
  if (look.kind === "adopt-and-update") {
    const row = await submitUpdate(session, inputs, look.row);
    return { id: row.id, outs: toOutputs(inputs, row, "1") };
  }
  reportAdoption(session, inputs, look.row, look.spare);
  return { id: look.row.id, outs: toOutputs(inputs, look.row, "1") };
}

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
    `The agent is registered ${spare.length + 1} times. Row ${row.id} is kept; ` +
      `${spare.map(({ id }) => id).join(", ")} can be deregistered in the payment service.`,
  );
}

/** The one POST. Its answer may be lost; then the row itself is looked for, and nothing is sent again. */
async function register(
  session: Session,
  inputs: RegistrationInputs,
  registration: Registration,
  rowsBefore: readonly Row[],
): Promise<Row> {
  const client = await session.client();
  await session.assertRunAlive();
  let row: Row;
  try {
    row = await client.register(toRegisterBody(registration));
  } catch (error) {
    if (!(error instanceof ServiceError) || !error.unclear) throw error;
    session.note(
      "warning",
      inputs.resourceUrn,
      `${error.what} Looking for the registration; nothing is sent twice.`,
    );
    row = await findAfterLostAnswer(session, inputs, registration, rowsBefore, error);
  }
  session.ledger.hold(row.id);
  (await session.view(inputs.network, inputs.wallet.type)).note(row);
  return row;
}

/**
 * Looks for the row that a request with a lost answer made: ours by its marker, of the same content, and not
 * there before. (Not by its time: clocks differ.) @throws RegistrationError REGISTRATION_UNCLEAR
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
  const row = await settle(seconds, async () => {
    const rows = await client.listOwn({ network, type: wallet.type, search: marker });
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
