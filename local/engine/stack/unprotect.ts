import { EngineError } from "../errors.ts";
import { findSdk } from "./sdk.ts";
import { locateStack, openStack, type StackOptions } from "./stack.ts";
import { StackLock } from "../state/lock.ts";
import { Snapshot } from "../state/snapshot.ts";
import type { Urn } from "../urn.ts";

/**
 * Takes the protection away from resources in the state, or from all of them: the next run may delete or replace them. The program is not
 * asked; where it says `protect`, its next `up` protects them again. Returns the URNs that were protected.
 * @throws EngineError RESOURCE_NOT_FOUND (nothing is changed then), STACK_LOCKED
 */
export async function unprotect(
  options: StackOptions & { readonly onWarning?: (message: string) => void },
  which: readonly Urn[] | "all",
): Promise<Urn[]> {
  const { backend } = await locateStack(options);
  const lock = await StackLock.acquire(backend.lockFolder, options.onWarning ?? (() => undefined));
  try {
    const stack = await openStack(options);
    const { resources } = stack.deployment;
    const missing =
      which === "all" ? [] : which.filter((urn) => !resources.some((state) => state.urn === urn));
    if (missing.length > 0) {
      throw new EngineError(
        "RESOURCE_NOT_FOUND",
        [
          `The state holds no resource ${missing.join(", ")}. It holds:`,
          ...resources.map(({ urn }) => `  ${urn}`),
        ].join("\n"),
      );
    }
    const concerned = resources.filter(
      (state) => state.protect && (which === "all" || which.includes(state.urn)),
    );
    const { codec, crypter, deployment } = stack;
    const snapshot = new Snapshot(deployment, {
      backend: stack.backend,
      codec,
      salt: crypter.salt,
      sdkVersion: findSdk(stack.project).version,
    });
    for (const state of concerned) {
      state.protect = false;
      snapshot.changed(state);
    }
    await snapshot.close();
    return [...new Set(concerned.map(({ urn }) => urn))];
  } finally {
    await lock.release();
  }
}
