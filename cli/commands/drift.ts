import { driftDocument } from "../../stacks/documents.ts";
import { deadCrews } from "../../stacks/crews.ts";
import type { Project } from "../../stacks/project.ts";
import type { FleetDrift } from "../../infra/fleet/index.ts";
import { askRegistryOfStack } from "../../stacks/registry/of-stack.ts";
import { findStackDrift } from "../../stacks/read-stack.ts";
import { driftText } from "../drift/report.ts";
import { paintFor, print, printJson } from "../text.ts";
import { openStack } from "./open-stack.ts";

export interface DriftFlags {
  readonly stack: string;
  readonly json?: boolean;
}

/**
 * `drift`: what is registered, compared with what is declared, from the declarations and the payment service alone.
 * Exit code 0: as declared; 2: not; 1: could not be determined, for one agent or for all. What the network's registry says is shown, and
 * changes no exit code: no up could correct it.
 */
export async function drift(project: Project, flags: DriftFlags): Promise<number> {
  const stack = await openStack(project, flags);
  if (typeof stack === "number") return stack;
  const { agents } = stack.declared;
  const found = await findStackDrift(stack);
  const dead = deadCrews(project, flags.stack, agents);
  const registry = await askRegistryOfStack(project, flags.stack, listedIn(found), { env: process.env });
  if (flags.json) printJson(driftDocument(stack, found, dead, registry));
  else print(driftText(stack.config, { drift: found, dead, registry }, paintFor(process.stdout)));
  if (found.problems.length > 0) return 1;
  return found.hasDrifted || dead.length > 0 ? 2 : 0;
}

const listedIn = ({ agents }: FleetDrift) =>
  agents.flatMap(({ row }) =>
    row?.agentIdentifier ? [{ agentIdentifier: row.agentIdentifier, probed: row.listing }] : [],
  );
