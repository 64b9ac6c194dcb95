import { z } from "zod";
import { exportState } from "../local/engine/stack/index.ts";
import { localRun } from "./local/local-stack.ts";
import { LOCAL_STACK, type Project } from "./project.ts";

const REGISTRATION = "masumi:AgentRegistration";

const state = z.object({
  deployment: z
    .object({
      resources: z
        .array(z.object({ type: z.string(), id: z.string().optional(), delete: z.boolean().optional() }))
        .nullish(),
    })
    .nullish(),
});

/**
 * Return the ids of the registrations that the local stack's state has; undefined for other stacks, whose state only the real
 * Pulumi CLI can read. What the next run only has to clean up is left out.
 */
export async function registrationsInState(
  project: Project,
  stack: string,
): Promise<ReadonlySet<string> | undefined> {
  if (stack !== LOCAL_STACK) return undefined;
  const { deployment } = state.parse(await exportState(localRun(project, 0)));
  const kept = (deployment?.resources ?? []).filter(
    ({ type, delete: isOld }) => type.endsWith(REGISTRATION) && !isOld,
  );
  return new Set(kept.flatMap(({ id }) => id ?? []));
}
