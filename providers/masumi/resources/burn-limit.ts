import { RegistrationError } from "../service/errors.ts";
import type { Network } from "../service/model.ts";
import { decideBurn } from "../service/rules/burn.ts";
import type { OfProgram } from "./inputs.ts";
import type { Session } from "./session.ts";

/**
 * Throws unless the run may burn a registration (money rule: nothing is burned by accident). Removals and replacements both
 * count; asking again for the same registration counts once.
 *
 * @throws RegistrationError DEREGISTRATION_LIMIT
 */
export async function assertBurnAllowed(
  session: Session,
  burn: OfProgram & { readonly network: Network; readonly agentId: string; readonly rowId: string },
): Promise<void> {
  const { network, agentId, rowId } = burn;
  const { run } = session;
  const { allowDeregister, allowedByEnvironment } = await session.limitedSettings(burn);
  const isDestroy = await session.isDestroy(burn);
  if (run.mayBurn(rowId)) return;
  const { allowed, counts } = decideBurn({
    ...burn,
    isDestroy,
    unnamedSoFar: run.unnamedBurns,
    allowed: allowDeregister,
    allowedByEnvironment,
  });
  if (allowed) {
    if (counts) run.countUnnamedBurn(rowId);
    return;
  }
  throw new RegistrationError({
    code: "DEREGISTRATION_LIMIT",
    what: `${agentId} (registration ${rowId}) would be deregistered on ${network}, which this run may not do without permission.`,
    remedy: isDestroy
      ? `If this is intended, set MASUMI_ALLOW_DEREGISTER=${agentId} (comma-separated ids, or all).`
      : `If this is intended, add ${agentId} to masumi:allowDeregister.`,
  });
}
