import { EngineError } from "../errors.ts";
import { StackLock } from "../state/lock.ts";
import type { ResourceState } from "../state/resource.ts";
import { type Deployment, Snapshot } from "../state/snapshot.ts";
import type { Urn } from "../urn.ts";
import { findSdk } from "./sdk.ts";
import { locateStack, openStack, type StackOptions } from "./stack.ts";

export interface EditOptions extends StackOptions {
  readonly onWarning?: (message: string) => void;
}

/** What an edit makes of the state, or nothing where it leaves it as it is; and what the caller is told. */
export interface Edit<T> {
  readonly state?: Pick<Deployment, "resources" | "pendingOperations">;
  readonly result: T;
}

/**
 * Changes the state by hand, under the stack's lock: `edit` gets what it holds. If it throws, nothing is changed.
 * @throws EngineError STACK_LOCKED
 */
export async function editState<T>(
  options: EditOptions,
  edit: (deployment: Deployment) => Edit<T>,
): Promise<T> {
  const { backend } = await locateStack(options);
  const lock = await StackLock.acquire(backend.lockFolder, options.onWarning ?? (() => undefined));
  try {
    const { codec, crypter, project, deployment, ...stack } = await openStack(options);
    const { state, result } = edit(deployment);
    if (state === undefined) return result;
    const sdkVersion = findSdk(project).version;
    const snapshot = new Snapshot(
      { ...deployment, ...state },
      { backend: stack.backend, codec, salt: crypter.salt, sdkVersion, parallel: 1 },
    );
    snapshot.rebase(state.resources);
    await snapshot.close();
    return result;
  } finally {
    await lock.release();
  }
}

/** The records with these URNs. @throws EngineError RESOURCE_NOT_FOUND, naming what the state holds */
export function findResources(resources: readonly ResourceState[], urns: readonly Urn[]): ResourceState[] {
  const missing = urns.filter((urn) => !resources.some((state) => state.urn === urn));
  if (missing.length === 0) return resources.filter(({ urn }) => urns.includes(urn));
  const held =
    resources.length === 0 ? ["It is empty."] : ["It holds:", ...resources.map(({ urn }) => `  ${urn}`)];
  throw new EngineError(
    "RESOURCE_NOT_FOUND",
    [`The state holds no resource ${missing.join(", ")}.`, ...held].join("\n"),
  );
}
