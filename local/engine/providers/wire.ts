import { EngineError } from "../errors.ts";
import { fromStruct, toStruct } from "../rpc/struct.ts";
import { nameOf, typeOf, type Urn } from "../urn.ts";
import {
  annotateSecrets,
  containsUnknowns,
  normalized,
  forProvider,
  mapProperties,
  type PropertyMap,
  rejectUnsupported,
  unwrapSecrets,
} from "../values.ts";

/** What a provider said of itself when it was started. */
export interface Protocol {
  /** It takes secrets as such; else it gets bare values, and its answers are marked secret where the inputs are. */
  readonly acceptsSecrets: boolean;
  /** It takes references to resources as such; else it gets ids. */
  readonly acceptsResources: boolean;
  /** Create and update can be asked to only say what they would return. */
  readonly previews: boolean;
}

type Struct = ReturnType<typeof toStruct>;

/** Properties in the form that a provider takes. */
export function sent(properties: PropertyMap, protocol: Protocol): Struct {
  return toStruct(
    mapProperties(properties, (value) =>
      forProvider(value, { secrets: protocol.acceptsSecrets, resources: protocol.acceptsResources }),
    ),
  );
}

/** The same for its configuration, which is checked and compared without any marks. */
export const bare = (properties: PropertyMap): Struct =>
  toStruct(mapProperties(properties, (value) => forProvider(value, { secrets: false, resources: false })));

export const withoutSecrets = (properties: PropertyMap): PropertyMap =>
  mapProperties(properties, unwrapSecrets);

/**
 * What a provider answered. `like`: the properties whose secrets it was not told. @throws EngineError UNKNOWN_OUTPUT, NOT_IMPLEMENTED
 */
export function received(
  struct: Parameters<typeof fromStruct>[0],
  protocol: Pick<Protocol, "acceptsSecrets">,
  { urn, like, preview }: { readonly urn: Urn; readonly like: PropertyMap; readonly preview: boolean },
): PropertyMap {
  const raw = fromStruct(struct);
  rejectUnsupported(raw, urn);
  const properties = mapProperties(raw, (value) => normalized(value));
  if (!preview && containsUnknowns(properties)) {
    throw new EngineError(
      "UNKNOWN_OUTPUT",
      `The provider returned an unknown value for ${urn}, although this is not a preview.`,
    );
  }
  return protocol.acceptsSecrets ? properties : annotateSecrets(properties, like);
}

interface Addressed {
  setUrn(urn: string): unknown;
  setName(name: string): unknown;
  setType(type: string): unknown;
}

/** Every request names its resource in three ways. */
export function address<T extends Addressed>(request: T, urn: Urn): T {
  request.setUrn(urn);
  request.setName(nameOf(urn));
  request.setType(typeOf(urn));
  return request;
}
