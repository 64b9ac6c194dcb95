import { type Row, isOver, ownerTag } from "../../providers/masumi/service/index.ts";
import type { FleetInput } from "./registrations.ts";

/**
 * Returns registrations on the stack's selling wallets that are, or will be, on the chain and that this owner did not make: with
 * another owner's marker or with none. Whoever holds a key of the payment service, a crew's too, can make them, and each costs the
 * wallet a fee and locks ADA. Those that masumi:otherRegistrations names, by owner or id, are expected.
 */
export function foreignRows({
  config: { owner, wallets, otherRegistrations = [] },
  agents,
  survey,
  inState,
}: Pick<FleetInput, "config" | "agents" | "survey" | "inState">): Row[] {
  const vkeys = new Set(wallets.map(({ vkey }) => vkey));
  const expectedIds = new Set([...agents.flatMap(({ adopt }) => adopt ?? []), ...otherRegistrations]);
  const expectedTags = [owner, ...otherRegistrations].map((name) => `${ownerTag(name)}-`);
  return survey.rows.filter(
    ({ id, walletVkey, state, markers }) =>
      vkeys.has(walletVkey) &&
      !isOver(state) &&
      !expectedIds.has(id) &&
      inState?.has(id) !== true &&
      !markers.some((mark) => expectedTags.some((tag) => mark.startsWith(tag))),
  );
}

/** What to do about registrations that are not the stack's. */
export const FOREIGN_REMEDY =
  "If you know them, name their masumi:owner or registration id in masumi:otherRegistrations, or take one over with adopt:. If not, " +
  "somebody else holds a key for this wallet: revoke the runtime keys, then deregister them in the payment service.";
