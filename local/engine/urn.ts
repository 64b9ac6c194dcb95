import { EngineError } from "./errors.ts";

/** `urn:pulumi:<stack>::<project>::<parent types joined with $>$<type>::<name>`; the empty string stands for "none". */
export type Urn = string;

export const ROOT_STACK_TYPE = "pulumi:pulumi:Stack";
const PROVIDER_TYPE_PREFIX = "pulumi:providers:";

interface UrnParts {
  readonly stack: string;
  readonly project: string;
  /** With the parents' types in front, joined by `$`. */
  readonly qualifiedType: string;
  readonly type: string;
  readonly name: string;
}

export function parseUrn(urn: Urn): UrnParts {
  const parts = urn.startsWith("urn:pulumi:") ? urn.slice("urn:pulumi:".length).split("::") : [];
  const [stack, project, qualifiedType, ...name] = parts;
  if (stack === undefined || project === undefined || qualifiedType === undefined || name.length === 0) {
    throw new EngineError("BAD_URN", `"${urn}" is not the URN of a resource.`);
  }
  const type = qualifiedType.slice(qualifiedType.lastIndexOf("$") + 1);
  return { stack, project, qualifiedType, type, name: name.join("::") };
}

export const typeOf = (urn: Urn): string => parseUrn(urn).type;
export const nameOf = (urn: Urn): string => parseUrn(urn).name;

/** The URN of a resource below `parent`; the type of the root stack never becomes part of a child's type. */
export function makeUrn(stack: string, project: string, parent: Urn, type: string, name: string): Urn {
  const parentType = parent === "" ? ROOT_STACK_TYPE : parseUrn(parent).qualifiedType;
  const qualified = parentType === ROOT_STACK_TYPE ? type : `${parentType}$${type}`;
  return `urn:pulumi:${stack}::${project}::${qualified}::${name}`;
}

export const isProviderType = (type: string): boolean => type.startsWith(PROVIDER_TYPE_PREFIX);
export const providerType = (pkg: string): string => PROVIDER_TYPE_PREFIX + pkg;
export const packageOfProviderType = (type: string): string => type.slice(PROVIDER_TYPE_PREFIX.length);

/** The package that manages a resource type: `pulumi-nodejs:dynamic/x:Y` -> `pulumi-nodejs`. */
export const packageOfType = (type: string): string => type.slice(0, type.indexOf(":"));

/** A provider is referred to by `<urn>::<id>`. */
export const providerRef = (urn: Urn, id: string): string => `${urn}::${id}`;

export function parseProviderRef(ref: string): { urn: Urn; id: string } {
  const at = ref.lastIndexOf("::");
  if (at <= 0) {
    throw new EngineError("BAD_PROVIDER_REFERENCE", `"${ref}" is not a provider reference (<urn>::<id>).`);
  }
  return { urn: ref.slice(0, at), id: ref.slice(at + 2) };
}
