import { fileURLToPath } from "node:url";
import { relative, sep } from "node:path";
import type { RegisterResourceRequest, ResourceInvokeRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import type { SourcePosition } from "@pulumi/pulumi/proto/source_pb.js";
import { EngineError, NotImplemented } from "../errors.ts";
import { DYNAMIC_PACKAGE } from "../providers/registry.ts";
import { protobuf } from "../rpc/messages.ts";
import { fromStruct } from "../rpc/struct.ts";
import type { CustomTimeouts } from "../state/resource.ts";
import type { Alias, Goal } from "../steps/registration.ts";
import {
  isProviderType,
  packageOfType,
  parseProviderRef,
  parseUrn,
  providerType,
  ROOT_STACK_TYPE,
  typeOf,
  type Urn,
} from "../urn.ts";
import { normalized, mapProperties, rejectUnsupported } from "../values.ts";
import { defaultProviderName, isVersion } from "../versions.ts";

/**
 * Reads a registration. Inherited from the parent's goal: protect, retainOnDelete, deletedWith, a provider of the same package. An empty
 * provider stands for one that the caller must choose: a component's, or the default one.
 * @throws NotImplemented for everything that the SDK sends and this engine does not do
 */
export function goalOf(
  request: RegisterResourceRequest,
  parent: Goal | undefined,
  projectRoot: string,
): Goal {
  const subject = `${request.getType()} "${request.getName()}"`;
  refuseOptions(request, subject);
  checkOptions(request, subject);
  const custom = request.getCustom();
  if (custom) refusePackage(request, subject);

  const { inputs, propertyDependencies } = inputsOf(request, subject);
  return {
    type: request.getType(),
    name: request.getName(),
    custom,
    inputs: isProviderType(request.getType()) ? withVersion(inputs, request.getVersion()) : inputs,
    parent: request.getParent(),
    protect: request.hasProtect() ? request.getProtect() : parent?.protect,
    retainOnDelete: request.hasRetainondelete() ? request.getRetainondelete() : parent?.retainOnDelete,
    deletedWith: request.getDeletedwith() || (parent?.deletedWith ?? ""),
    dependencies: [...new Set(request.getDependenciesList())],
    propertyDependencies,
    provider: isProviderType(request.getType())
      ? ""
      : request.getProvider() || inheritedProvider(request, parent),
    deleteBeforeReplace: deleteBeforeReplaceOf(request),
    ignoreChanges: request.getIgnorechangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    aliases: aliasesOf(request),
    customTimeouts: timeoutsOf(request),
    sourcePosition: positionOf(request.getSourceposition(), projectRoot),
    stackTrace: (request.getStacktrace()?.getFramesList() ?? []).map((frame) => {
      const sourcePosition = positionOf(frame.getPc(), projectRoot);
      return sourcePosition === "" ? {} : { sourcePosition };
    }),
  };
}

/** The inputs, and the resources that each of them depends on; those that an input names itself are among them. */
function inputsOf(
  request: RegisterResourceRequest,
  subject: string,
): Pick<Goal, "inputs" | "propertyDependencies"> {
  const raw = fromStruct(request.getObject());
  rejectUnsupported(raw, subject);
  const propertyDependencies = propertyDependenciesOf(request, Object.keys(raw));
  const inputs = Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [
      key,
      normalized(value, (urn) => {
        propertyDependencies[key] = [...new Set([...(propertyDependencies[key] ?? []), urn])];
      }),
    ]),
  );
  return { inputs, propertyDependencies };
}

/** The goal of the default provider of a package in one version; its inputs are the package's configuration. */
export function defaultProviderGoal(pkg: string, version: string, inputs: Goal["inputs"]): Goal {
  return {
    type: providerType(pkg),
    name: defaultProviderName(version),
    custom: true,
    inputs: withVersion(inputs, version),
    parent: "",
    protect: undefined,
    retainOnDelete: undefined,
    deletedWith: "",
    dependencies: [],
    propertyDependencies: {},
    provider: "",
    deleteBeforeReplace: undefined,
    ignoreChanges: [],
    additionalSecretOutputs: [],
    aliases: [],
    customTimeouts: {},
    sourcePosition: "",
    stackTrace: [],
  };
}

/** A resource below one of the same package is managed by the same provider. */
function inheritedProvider(request: RegisterResourceRequest, parent: Goal | undefined): string {
  if (parent === undefined || parent.provider === "" || !request.getCustom()) return "";
  const type = typeOf(parseProviderRef(parent.provider).urn);
  return type === providerType(packageOfType(request.getType())) ? parent.provider : "";
}

/** A provider of a certain version holds it among its inputs, beside a place for what the engine itself needs to know. */
const withVersion = (inputs: Goal["inputs"], version: string): Goal["inputs"] =>
  version === "" ? inputs : { ...inputs, __internal: {}, version };

function aliasesOf(request: RegisterResourceRequest): Alias[] {
  const nothing = { urn: "", name: "", type: "", stack: "", project: "", parent: "", noParent: false };
  const urns = request.getAliasurnsList().map((urn) => ({ ...nothing, urn }));
  const others = request.getAliasesList().map((alias) => {
    const spec = alias.getSpec();
    if (spec === undefined) return { ...nothing, urn: alias.getUrn() };
    return {
      urn: "",
      name: spec.getName(),
      type: spec.getType(),
      stack: spec.getStack(),
      project: spec.getProject(),
      parent: spec.getParenturn(),
      noParent: spec.getNoparent(),
    };
  });
  for (const { urn } of [...urns, ...others]) if (urn !== "") parseUrn(urn);
  return [...urns, ...others];
}

/** Reads the call of a provider's function. @throws NotImplemented */
export function invocationOf(request: ResourceInvokeRequest): { token: string; args: Goal["inputs"] } {
  const token = request.getTok();
  const refused: [string, boolean][] = [
    [`the built-in function ${token}`, packageOfType(token) === "pulumi"],
    ["a parameterized package (packageRef)", request.getPackageref() !== ""],
    ["pluginDownloadURL", request.getPlugindownloadurl() !== ""],
    ["plugin checksums", request.getPluginchecksumsMap().getLength() > 0],
    // Never sent, because the feature is not advertised: the SDK then waits for the resources itself.
    ["dependsOn of functions", request.getDependsonList().length > 0],
  ];
  for (const [feature, used] of refused) if (used) throw new NotImplemented(feature, token);
  const raw = fromStruct(request.getArgs());
  rejectUnsupported(raw, token);
  return { token, args: mapProperties(raw, (value) => normalized(value)) };
}

/** Outputs that the program registers for a component or for the stack. */
export function outputsOf(struct: Parameters<typeof fromStruct>[0], subject: string): Goal["inputs"] {
  const raw = fromStruct(struct);
  rejectUnsupported(raw, subject);
  return mapProperties(raw, (value) => normalized(value));
}

function refuseOptions(request: RegisterResourceRequest, subject: string): void {
  const hooks = request.getHooks()?.toObject();
  const refused: [string, boolean][] = [
    ["a remote component", request.getRemote()],
    ["import", request.getImportid() !== ""],
    ["aliases in their old form", request.getAliasesList().length > 0 && !request.getAliasspecs()],
    ["replaceOnChanges", request.getReplaceonchangesList().length > 0],
    ["replaceWith", request.getReplaceWithList().length > 0],
    ["replacementTrigger", request.hasReplacementTrigger()],
    ["hideDiffs", request.getHidediffsList().length > 0],
    ["transforms", request.getTransformsList().length > 0],
    ["resource hooks", hooks !== undefined && Object.values(hooks).some((names) => names.length > 0)],
    ["state migrations", request.getStateMigrationsList().length > 0],
    ["a parameterized package (packageRef)", request.getPackageref() !== ""],
    ["pluginDownloadURL", request.getPlugindownloadurl() !== ""],
    ["plugin checksums", request.getPluginchecksumsMap().getLength() > 0],
    ["envVarMappings", request.getEnvvarmappingsMap().getLength() > 0],
    ["snippets", request.getSnippetid() !== ""],
  ];
  for (const [feature, used] of refused) if (used) throw new NotImplemented(feature, subject);
}

/** Their numbers in Pulumi's resource.proto. */
const FLAGS = { protect: 6, retainOnDelete: 25 };
const LISTS = { ignoreChanges: 12, additionalSecretOutputs: 14 };

/**
 * Over the pipe an option comes as the program has it, of whatever type: protobuf would not have written it, and its getters make something
 * of it, such as true of "false". A number is a flag to protobuf, too.
 * @throws EngineError BAD_OPTION
 */
function checkOptions(request: RegisterResourceRequest, subject: string): void {
  const check = (options: Record<string, number>, isValid: (value: unknown) => boolean, wanted: string) => {
    for (const [option, field] of Object.entries(options)) {
      const value: unknown = protobuf.Message.getField(request, field);
      if (value == null || isValid(value)) continue;
      throw new EngineError(
        "BAD_OPTION",
        `${subject}: ${option} is not ${wanted}, but of type ${typeof value}.`,
        "It has to be known when the resource is declared: an Output or a promise cannot decide it.",
      );
    }
  };
  check(FLAGS, (value) => typeof value === "boolean" || typeof value === "number", "true or false");
  check(
    LISTS,
    (value) => Array.isArray(value) && value.every((one) => typeof one === "string"),
    "a list of names",
  );
}

function refusePackage(request: RegisterResourceRequest, subject: string): void {
  const type = request.getType();
  const version = request.getVersion();
  if (type.split(":").length !== 3) {
    throw new EngineError(
      "BAD_RESOURCE_TYPE",
      `${subject}: the type of a custom resource has three parts, package:module:Name.`,
    );
  }
  if (packageOfType(type) === "pulumi" && type !== ROOT_STACK_TYPE && !isProviderType(type))
    throw new NotImplemented(`the built-in type ${type}`, subject);
  if (packageOfType(type) === DYNAMIC_PACKAGE && version !== "")
    throw new NotImplemented("a dynamic provider of a certain version", subject);
  checkVersion(version, subject);
}

/** @throws EngineError BAD_VERSION */
export function checkVersion(version: string, subject: string): void {
  if (version === "" || isVersion(version)) return;
  throw new EngineError("BAD_VERSION", `${subject}: "${version}" is not a version such as 1.2.3.`);
}

/** Without word from the SDK every property depends on everything the resource depends on. */
function propertyDependenciesOf(
  request: RegisterResourceRequest,
  keys: readonly string[],
): Record<string, readonly Urn[]> {
  const map = request.getPropertydependenciesMap();
  if (map.getLength() === 0)
    return Object.fromEntries(keys.map((key) => [key, request.getDependenciesList()]));
  const result: Record<string, readonly Urn[]> = {};
  for (const [key, value] of map.entries()) result[key] = value.getUrnsList();
  for (const key of keys) result[key] ??= [];
  return result;
}

function deleteBeforeReplaceOf(request: RegisterResourceRequest): boolean | undefined {
  const value = request.getDeletebeforereplace();
  return value || request.getDeletebeforereplacedefined() ? value : undefined;
}

function timeoutsOf(request: RegisterResourceRequest): CustomTimeouts {
  const raw: Partial<Record<string, string>> = { ...request.getCustomtimeouts()?.toObject() };
  const timeouts: Record<string, number> = {};
  for (const [key, text = ""] of Object.entries(raw)) if (text !== "") timeouts[key] = seconds(text);
  return timeouts;
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** `1h30m`, `90s`, `1.5m` in seconds. @throws EngineError BAD_DURATION */
function seconds(text: string): number {
  const parts = [...text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/gu)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join("") !== text) {
    throw new EngineError("BAD_DURATION", `"${text}" is not a duration such as 30s, 5m or 1h30m.`);
  }
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ""] ?? 0), 0);
}

/** `project:///<path below the project>#<line>,<column>`; empty where there is none. */
function positionOf(position: SourcePosition | undefined, projectRoot: string): string {
  if (position === undefined || !position.getUri().startsWith("file://")) return "";
  const path = relative(projectRoot, fileURLToPath(position.getUri())).split(sep).join("/");
  const column = position.getColumn() === 0 ? "" : `,${position.getColumn()}`;
  return `project:///${encodeURI(path)}#${position.getLine()}${column}`;
}
