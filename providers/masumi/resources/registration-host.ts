import type { DiffResult, ResourceProvider } from "@pulumi/pulumi/dynamic/index.js";
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
import { decideChange } from "../service/rules/decisions.ts";
import type { Session } from "./session.ts";
import { assertGone } from "./whereabouts.ts";

/** Returns the dynamic provider behind AgentRegistration. */
export function createRegistrationProvider(
  session: Session,
): ResourceProvider<RegistrationInputs, RegistrationOutputs> {
  return {
    configure: (request) => session.configure(request),

    async check(_olds, news) {
      session.run.sawProgram();
      const inputs = { ...news, listing: normaliseListing(news.listing) };
      return { inputs, failures: checkRegistration(inputs) };
    },

    diff: (id, olds, news) => withoutStack(session, () => diffRegistration(session, id, olds, news)),
    create: (inputs) => withoutStack(session, () => createRegistration(session, inputs)),
    update: (id, olds, news) => withoutStack(session, () => updateRegistration(session, id, olds, news)),
    delete: (id, props) => withoutStack(session, () => deleteRegistration(session, id, props)),
    read: (id, props) => withoutStack(session, () => readRegistration(session, id, props)),
  };
}

/** @throws RegistrationError REGISTRY_INCONSISTENT if the registration is shown as over, but cannot be */
async function diffRegistration(
  session: Session,
  id: string,
  olds: RegistrationOutputs,
  news: RegistrationInputs,
): Promise<DiffResult> {
  session.run.sawProgram();
  const change = decideChange(id, olds, news);
  const now = news.recover?.find(({ rowId }) => rowId === id);
  // Its delete would find out as well, but only after another registration has taken its place.
  if (now && isOver(now.state)) await assertGone(session, { ...olds, id }, now);
  if (change.kind !== "replace") {
    session.run.hold(id);
    await reportDoubles(session, id, news);
    return { changes: change.kind === "update" };
  }
  session.run.replace(id, news.agentId);
  return { changes: true, replaces: change.properties, deleteBeforeReplace: change.deleteFirst };
}
