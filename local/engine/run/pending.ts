import type { Reporter } from "../reporter.ts";
import { isOutside, type PendingOperation, type ResourceState } from "../state/resource.ts";
import type { Operation, RunOptions } from "../types.ts";
import type { Urn } from "../urn.ts";
import { PROVIDER_CODE, unwrapSecret } from "../values.ts";

/**
 * What a run makes of the operations that earlier ones left unfinished. Updates and deletes are simply done anew. A creation may have made
 * something that nobody knows of: its record stays until a person says otherwise, unless nothing outside was to be made, or the provider
 * finds what there is and the resource has come into the state.
 */
export class PendingCreations {
  readonly #resumes: (code: string) => boolean;

  constructor({ resumesCreation }: Pick<RunOptions, "resumesCreation">) {
    this.#resumes = resumesCreation ?? (() => false);
  }

  /** Those whose outcome is open at the beginning of a run. */
  open(pending: readonly PendingOperation[], resources: readonly ResourceState[]): PendingOperation[] {
    const present = new Set<Urn>(resources.filter((state) => !state.delete).map(({ urn }) => urn));
    return pending.filter(
      ({ type, resource }) =>
        type === "creating" &&
        isOutside(resource) &&
        !(present.has(resource.urn) && this.settledBy(resource)),
    );
  }

  /** Whether the creation is settled once its resource is in the state. */
  settledBy({ inputs }: ResourceState): boolean {
    const code = unwrapSecret(inputs[PROVIDER_CODE] ?? null);
    return typeof code === "string" && this.#resumes(code);
  }

  /** Before a run, about all that the state says; what the run settles by itself needs no word. */
  warnBefore(operation: Operation, pending: readonly PendingOperation[], reporter: Reporter): void {
    if (operation === "preview" || operation === "refresh") return;
    const told = pending.filter(
      ({ type, resource }) => isOutside(resource) && (type !== "creating" || !this.settledBy(resource)),
    );
    if (told.length === 0) return;
    reporter.warning(
      [
        `Attempting to deploy or update resources with ${told.length} pending operations from previous deployment.`,
        ...told.map(({ resource, type }) => `  * ${resource.urn}, interrupted while ${type}`),
        "Whether these operations completed is not known, because the run that began them was interrupted. " +
          `Check with the service that manages the resources. ${REMEDY}`,
      ].join("\n"),
    );
  }

  /** After a run, about the creations that are still open and that no warning has named. */
  warnAfter(operation: Operation, left: readonly PendingOperation[], reporter: Reporter): void {
    const untold = operation === "refresh" ? left : left.filter(({ resource }) => this.settledBy(resource));
    if (operation === "preview" || untold.length === 0) return;
    reporter.warning(
      [
        "What became of these creations is still not known, because the run that began them was interrupted:",
        ...untold.map(({ resource }) => `  * ${resource.urn}`),
        REMEDY,
      ].join("\n"),
    );
  }
}

const REMEDY =
  "Interrupted creations stay on record until the resource is there; if they made nothing, `refresh --clear-pending-creates` forgets them.";
