import { isServicePath } from "../hosting/shared/names.ts";
import type { SharedSettings } from "../hosting/shared/settings.ts";
import type { Agent } from "./agent.ts";
import type { Complain } from "./load/located.ts";
import { declarationSchema } from "./schema/schema.ts";

/** What a stack says about the shared crew service, as far as declarations depend on it. */
export type SharedRules = Partial<Pick<SharedSettings, "on" | "code">>;

const DEFAULT_RESOURCES = declarationSchema.shape.resources.parse(undefined);

/**
 * Complains about what an agent of the shared crew service cannot have: a path that is the service's, code beside others' unless
 * the stack allows it, and a size of its own.
 */
export function checkShared(
  { id, source, resources }: Pick<Agent, "id" | "source" | "resources">,
  { code = false }: SharedRules = {},
  complain: Complain,
): void {
  if (source.kind === "url") return;
  if (isServicePath(id)) {
    complain(
      ["id"],
      `with hosting shared, /${id} is a path of the shared crew service itself`,
      "choose another id",
    );
  }
  if (source.kind === "code" && !code) {
    complain(
      ["build"],
      "with hosting shared, code of an agent's own would run in the container of all others",
      "choose another hosting for it, or have the stack's owners set code: true in masumi:shared",
    );
  }
  if (JSON.stringify(resources) !== JSON.stringify(DEFAULT_RESOURCES)) {
    complain(
      ["resources"],
      "with hosting shared, an agent has no container of its own, so its size has no effect",
      "remove it, or set the service's size in masumi:shared (cpu, memory, instances)",
      "key",
    );
  }
}
