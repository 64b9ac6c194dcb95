import type { CustomTimeouts } from "../state/resource.ts";
import type { Urn } from "../urn.ts";
import type { PropertyMap } from "../values.ts";

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

export interface DiffResult {
  /** `unknown`: the provider has no opinion; the engine compares the inputs. */
  readonly changes: "none" | "some" | "unknown";
  readonly replaceKeys: readonly string[];
  readonly deleteBeforeReplace: boolean;
  /** The provider could not be asked, for this reason: the resource is taken to change. */
  readonly unavailable?: string;
}

export interface InvokeResult {
  readonly outputs: PropertyMap;
  readonly failures: readonly CheckFailure[];
}

/** The resource exists, but its provider could not finish: the state must keep it, with the reasons. */
export class InitFailed extends Error {
  readonly id: string;
  readonly outputs: PropertyMap;
  readonly reasons: readonly string[];
  /** Absent when the provider does not report them. */
  readonly inputs: PropertyMap | undefined;

  constructor(id: string, outputs: PropertyMap, reasons: readonly string[], inputs?: PropertyMap) {
    const plural = reasons.length === 1 ? "1 error" : `${reasons.length} errors`;
    super([`${plural} occurred:`, ...reasons.map((reason) => `    * ${reason}`)].join("\n"));
    this.id = id;
    this.outputs = outputs;
    this.reasons = reasons;
    this.inputs = inputs;
  }
}

interface ResourceRequest {
  readonly urn: Urn;
  readonly preview: boolean;
}

/** A resource that exists, and the inputs that are wanted for it. */
interface ChangeRequest extends ResourceRequest {
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly oldOutputs: PropertyMap;
  readonly newInputs: PropertyMap;
  readonly ignoreChanges: readonly string[];
}

/** A resource that exists. */
interface ExistingRequest extends ResourceRequest {
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
  readonly timeouts: CustomTimeouts;
}

/** What can be done with a resource: a provider process does it for custom resources, the registry for providers themselves. */
export interface ResourceProvider {
  check(request: ResourceRequest & { olds: PropertyMap; news: PropertyMap }): Promise<{
    inputs: PropertyMap;
    failures: readonly CheckFailure[];
  }>;
  diff(request: ChangeRequest): Promise<DiffResult>;
  /** @throws InitFailed */
  create(
    request: ResourceRequest & { inputs: PropertyMap; timeouts: CustomTimeouts },
  ): Promise<{ id: string; outputs: PropertyMap }>;
  /** @throws InitFailed */
  update(request: ChangeRequest & { timeouts: CustomTimeouts }): Promise<{ outputs: PropertyMap }>;
  /** An empty id means that the resource is gone; `inputs` are absent when the provider does not report them. @throws InitFailed */
  read(
    request: ExistingRequest,
  ): Promise<{ id: string; outputs: PropertyMap; inputs: PropertyMap | undefined }>;
  delete(request: ExistingRequest): Promise<void>;
}
