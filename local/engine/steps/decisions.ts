import type { ResourceState } from "../state/resource.ts";
import type { Urn } from "../urn.ts";
import type { Aliases } from "./aliases.ts";

/** Something was reported already; the run only has to end. */
export class Bail extends Error {}

/** What the generator has decided so far in this run. All URNs are those that the resources have now. */
export interface Decisions {
  /** Seen registered. */
  readonly urns: Set<Urn>;
  readonly creates: Set<Urn>;
  readonly sames: Set<Urn>;
  readonly updates: Set<Urn>;
  readonly replaces: Set<Urn>;
  readonly deletes: Set<Urn>;
  /** Deleted before their replacement exists; one URN may stand for several of them. */
  readonly deleted: Set<ResourceState>;
  /** Not made, because no target of the run names them. */
  readonly skipped: Set<Urn>;
  readonly aliases: Aliases;
}
