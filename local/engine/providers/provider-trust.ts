import { createHash } from "node:crypto";
import { EngineError } from "../errors.ts";
import { fromStruct, type toStruct } from "../rpc/struct.ts";
import type { ResourceState } from "../state/resource.ts";
import type { TrustsProvider } from "../types.ts";
import type { Urn } from "../urn.ts";
import { PROVIDER_CODE, type PropertyMap, UNKNOWN, unwrapSecrets, type Value } from "../values.ts";
import { bare } from "./wire.ts";

const DIGEST_LENGTH = 12;

type Struct = ReturnType<typeof toStruct>;

/**
 * Decides which provider code may reach a provider's process. A dynamic resource keeps the code of its provider as a property, and the
 * process evaluates it, so whoever can write a state file could have code run. Trusted is what the program of this run registers, and
 * what the caller says it knows; nothing else.
 *
 * It does not matter which package a resource belongs to: a state may claim anything, and other languages' dynamic providers work alike.
 */
export class ProviderTrust {
  readonly #knows: TrustsProvider;
  readonly #registered = new Set<string>();

  constructor(knows: TrustsProvider = () => false) {
    this.#knows = knows;
  }

  /** Trusts the code in these inputs: the program registered a resource with them. */
  learn(inputs: PropertyMap): void {
    const code = codeOf(inputs);
    if (typeof code === "string") this.#registered.add(code);
  }

  /** @throws EngineError PROVIDER_NOT_TRUSTED unless these properties may be sent */
  check(urn: Urn, properties: Struct): void {
    const code = codeIn(properties);
    if (!this.#trusts(code)) throw refusal([{ urn, code }]);
  }

  /** @throws EngineError PROVIDER_NOT_TRUSTED naming every resource whose inputs or outputs hold code that is not trusted */
  checkAll(resources: Iterable<Pick<ResourceState, "urn" | "custom" | "inputs" | "outputs">>): void {
    const refused = [...resources].flatMap(({ urn, custom, inputs, outputs }) => {
      const code = [inputs, outputs].map(codeOf).find((candidate) => !this.#trusts(candidate));
      return custom && code !== undefined ? [{ urn, code }] : [];
    });
    if (refused.length > 0) throw refusal(refused);
  }

  #trusts(code: Value): boolean {
    // Not known yet: the process then takes the code of the resource as it was, which is checked beside this.
    if (code === null || code === UNKNOWN) return true;
    return typeof code === "string" && (this.#registered.has(code) || this.#knows(code));
  }
}

/** The code in properties on the wire, as the process will read it; null where there is none. */
function codeIn(properties: Struct): Value {
  return unwrapSecrets(fromStruct(properties)[PROVIDER_CODE] ?? null);
}

/** The same, of properties in the form that the engine keeps. */
const codeOf = (properties: PropertyMap): Value =>
  codeIn(bare({ [PROVIDER_CODE]: properties[PROVIDER_CODE] ?? null }));

function refusal(resources: readonly { readonly urn: Urn; readonly code: Value }[]): EngineError {
  const digest = (code: string): string =>
    createHash("sha256").update(code).digest("hex").slice(0, DIGEST_LENGTH);
  return new EngineError(
    "PROVIDER_NOT_TRUSTED",
    [
      "The state contains provider code that does not come from this program. The engine refuses to run it:",
      ...resources.map(
        ({ urn, code }) =>
          `  * ${urn} (${typeof code === "string" ? `SHA-256 ${digest(code)}…` : "not a string"})`,
      ),
    ].join("\n"),
    "Anyone who can write the state file could have put it there. Restore the state from a copy that you trust. Only if you are sure that " +
      "an earlier version of your program put it there: deploy this stack with the Pulumi CLI, which runs whatever code the state holds.",
  );
}
