import { nearest } from "../infra/declarations/index.ts";
import { judgeStackFiles } from "./agents.ts";
import { type Project, stackOption } from "./project.ts";
import { UserError } from "./user-error.ts";

type HasId = { readonly id: string };

/** Returns the error for an agent that a stack does not have: the one that was probably meant, and all that there are. */
export function unknownAgent(stack: string, wanted: string, agents: readonly HasId[], more = ""): UserError {
  const ids = [...new Set(agents.map(({ id }) => id))];
  const near = nearest(wanted, ids);
  const meant = near === undefined ? "" : `, did you mean ${near}?`;
  const known = ids.join(", ") || "none";
  return new UserError(`Stack ${stack} has no agent ${wanted}${meant || "."} Its agents: ${known}.${more}`);
}

/** Returns the error for an agent that is not among those of a stack's last run: it may be declared, and only not deployed yet. */
export function agentNotUp(
  project: Project,
  stack: string,
  wanted: string,
  up: readonly HasId[],
  more = "",
): UserError {
  const { readable } = judgeStackFiles(project, stack, { needsNoSecrets: true });
  const declared = readable.find(({ id }) => id === wanted);
  if (!declared) return unknownAgent(stack, wanted, [...up, ...readable], more);
  return new UserError(
    `${declared.file} declares ${wanted}, but it is not deployed in stack ${stack} yet. ` +
      `Run: npx masumi-agents up${stackOption(stack)}`,
  );
}
