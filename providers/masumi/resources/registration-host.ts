import type { DiffResult, ResourceProvider } from "@pulumi/pulumi/dynamic/index.js";
import { RegistrationError } from "../service/errors.ts";
import { isOver } from "../service/model.ts";
import { checkRegistration } from "../service/rules/check.ts";
import type { RegistrationInputs, RegistrationOutputs } from "./inputs.ts";
import { reportDoubles } from "./doubles.ts";
import { withoutStack } from "./without-stack.ts";
import { createRegistration } from "./registration-create.ts";
import { deleteRegistration } from "./registration-delete.ts";
import { readRegistration } from "./registration-read.ts";
import { updateRegistration } from "./registration-update.ts";
import { normaliseListing } from "../service/rules/content.ts";
import { type RecoverFrom, decideChange } from "../service/rules/decisions.ts";
import { isUnknown } from "../service/unknown.ts";
import type { Session } from "./session.ts";
import { assertGone } from "./whereabouts.ts";

/** Rows that the run has read within this time tell what became of a registration in an earlier run. */
const LOOK_AGE_MS = 60_000;

/** Returns the dynamic provider behind AgentRegistration. */
export function createRegistrationProvider(
  session: Session,
): ResourceProvider<RegistrationInputs, RegistrationOutputs> {
  return {
    configure: (request) => session.configure(request),

    check: (_olds, news) =>
      withoutStack(session, async () => {
        session.run.sawProgram();
        assertDeclaredOnce(session, news);
        const isUntold = await session.isProgramUntold();
        const told = { ...news, listing: normaliseListing(news.listing) };
        const inputs = isUntold ? { ...told, __programUntold: true as const } : told;
        return { inputs, failures: checkRegistration(inputs) };
      }),

    diff: (id, olds, news) => withoutStack(session, () => diffRegistration(session, id, olds, news)),
    create: (inputs) => withoutStack(session, () => createRegistration(session, inputs)),
    update: (id, olds, news) => withoutStack(session, () => updateRegistration(session, id, olds, news)),
    delete: (id, props) => withoutStack(session, () => deleteRegistration(session, id, props)),
    read: (id, props) => withoutStack(session, () => readRegistration(session, id, props)),
  };
}

const agentKey = ({ network, marker }: Pick<RegistrationInputs, "network" | "marker">) =>
  `${network} ${marker}`;

/**
 * Two resources of one agent would look for a registration at the same time, find none, and both pay for one.
 *
 * @throws RegistrationError AGENT_DECLARED_TWICE
 */
function assertDeclaredOnce(
  session: Session,
  { agentId, marker, network, resourceUrn = "" }: RegistrationInputs,
): void {
  if (isUnknown(marker) || isUnknown(network)) return;
  const other = session.run.declare(agentKey({ marker, network }), resourceUrn);
  if (other === undefined) return;
  throw new RegistrationError({
    code: "AGENT_DECLARED_TWICE",
    what: `${agentId} on ${network} is declared by ${other} as well. Nothing was sent for this one.`,
  });
}

/**
 * @throws RegistrationError REGISTRY_INCONSISTENT if the registration is shown as over, but cannot be; ServiceError, RefusedError and
 * SettingsError if it has to be looked up
 */
async function diffRegistration(
  session: Session,
  id: string,
  olds: RegistrationOutputs,
  news: RegistrationInputs,
): Promise<DiffResult> {
  const recover = news.recover ?? (await whatBecameOf(session, id, olds));
  const change = decideChange(id, olds, { ...news, recover });
  const now = recover.find(({ rowId }) => rowId === id);
  // Its delete would find out as well, but only after another registration has taken its place.
  if (now && isOver(now.state)) await assertGone(session, { ...olds, id }, now);
  // A refresh compares, too, and may be that of a destroy: it keeps nothing, and replaces nothing.
  const isDeclared = session.run.isDeclared(agentKey(news));
  if (change.kind !== "replace") {
    if (isDeclared) session.run.hold(id);
    await reportDoubles(session, id, news);
    return { changes: change.kind === "update" };
  }
  if (isDeclared) session.run.replace(id, news.marker);
  return { changes: true, replaces: change.properties, deleteBeforeReplace: change.deleteFirst };
}

/** Returns the registration's state as the service shows it now: it may have failed since the stack's state was written. */
async function whatBecameOf(
  session: Session,
  id: string,
  { network, wallet }: RegistrationOutputs,
): Promise<RecoverFrom[]> {
  const view = await session.view(network, wallet.type);
  const row = await view.find(id, LOOK_AGE_MS);
  return row ? [{ rowId: id, state: row.state }] : [];
}
