import { Crypter } from "../state/crypto.ts";
import { EngineError } from "../errors.ts";
import { isRecord } from "../json.ts";
import { type ConfigStep, parseConfigPath, valueAt } from "./config-path.ts";
import { loadProject, type Project } from "./project.ts";
import { type ConfigValue, StackConfig } from "./stack-config.ts";
import { FileBackend, type RawDeployment } from "../state/backend.ts";
import { StateCodec } from "../state/codec.ts";
import type { Deployment } from "../state/snapshot.ts";
import { verifyResources } from "../state/verify.ts";
import { makeUrn, ROOT_STACK_TYPE, type Urn } from "../urn.ts";
import type { OperationType } from "../state/resource.ts";
import type { RunOptions } from "../types.ts";
import { mapProperties, masked, unwrapSecrets, type Value } from "../values.ts";

/** A stack with its configuration: all that its program needs to start. */
export interface ConfiguredStack {
  readonly project: Project;
  readonly stack: string;
  readonly config: StackConfig;
  readonly configCrypter: Crypter;
  /** The state's; the same one, unless the configuration file was made anew. */
  readonly crypter: Crypter;
  readonly backend: FileBackend;
  /** The state as it stands in its file. */
  readonly raw: RawDeployment | undefined;
}

/** A stack with its configuration and state, as read. */
export interface OpenStack extends ConfiguredStack {
  readonly codec: StateCodec;
  readonly deployment: Deployment;
}

export type StackOptions = Pick<RunOptions, "projectDir" | "stack" | "stateRoot" | "passphrase">;

export interface ConfigKeyOptions {
  /** The key leads into a value: `masumi:aws.subnetIds[0]`. */
  readonly path?: boolean;
}

/** Stack names as the CLI allows them; they become part of file names. */
const STACK_NAME = /^[A-Za-z0-9_.-]{1,100}$/u;

/** @throws EngineError STACK_NOT_FOUND, WRONG_PASSPHRASE, BAD_STATE, NOT_IMPLEMENTED … */
export const openStack = async (options: StackOptions): Promise<OpenStack> =>
  decodeState(await openConfiguration(options));

/** @throws EngineError STACK_NOT_FOUND, WRONG_PASSPHRASE, BAD_STATE, NOT_IMPLEMENTED … */
export async function openConfiguration(options: StackOptions): Promise<ConfiguredStack> {
  const { project, config, backend } = await locateStack(options);
  const salt = config.salt;
  if (salt === undefined) {
    throw new EngineError(
      "STACK_NOT_FOUND",
      `${config.file} has no encryptionsalt: the stack "${options.stack}" does not exist yet.`,
      `Create it first: stack init ${options.stack}`,
    );
  }
  await backend.prepare();
  const [configCrypter, raw] = await Promise.all([Crypter.open(options.passphrase, salt), backend.read()]);
  // The state may have been written with another salt (a regenerated configuration file); then its secrets need that one.
  const isOfConfig = raw?.salt === undefined || raw.salt === salt;
  const crypter = isOfConfig ? configCrypter : await Crypter.open(options.passphrase, raw.salt);
  return { project, stack: options.stack, config, configCrypter, crypter, backend, raw };
}

/** Makes resources of what the state's file says. @throws EngineError BAD_CIPHERTEXT, BAD_STATE, NOT_IMPLEMENTED … */
export function decodeState(configured: ConfiguredStack): OpenStack {
  const { crypter, raw } = configured;
  const codec = new StateCodec(crypter);
  const resources = (raw?.resources ?? []).map((resource) => codec.decode(resource));
  verifyResources(resources);
  const pendingOperations = (raw?.pendingOperations ?? []).map((operation) => {
    const { resource, type } = isRecord(operation) ? operation : {};
    return { resource: codec.decode(resource), type: String(type) as OperationType };
  });
  const deployment = { resources, pendingOperations, metadata: raw?.metadata ?? {} };
  return { ...configured, codec, deployment };
}

/** The URN of the resource that stands for the stack itself. */
export const rootUrn = ({ project, stack }: Pick<ConfiguredStack, "project" | "stack">): Urn =>
  makeUrn(stack, project.name, "", ROOT_STACK_TYPE, `${project.name}-${stack}`);

/** Where a stack is, before anything of it is read but its configuration file. */
export async function locateStack(
  options: StackOptions,
): Promise<{ project: Project; config: StackConfig; backend: FileBackend }> {
  if (!STACK_NAME.test(options.stack)) {
    throw new EngineError(
      "BAD_STACK_NAME",
      `"${options.stack}" is not a stack name: 1 to 100 letters, digits, "_", "-" or ".".`,
    );
  }
  const project = await loadProject(options.projectDir);
  const config = await StackConfig.load(project.root, project.name, options.stack);
  return { project, config, backend: new FileBackend(options.stateRoot, project.name, options.stack) };
}

/**
 * Makes a stack unless it is there: an encryption salt in `Pulumi.<stack>.yaml`, the state folder, an empty state.
 * @throws EngineError WRONG_PASSPHRASE when it is there and the passphrase does not open it
 */
export async function initStack(options: StackOptions): Promise<void> {
  const { config, backend } = await locateStack(options);
  await backend.prepare();
  const salt = config.salt;
  const crypter =
    salt === undefined
      ? await Crypter.create(options.passphrase)
      : await Crypter.open(options.passphrase, salt);
  if (salt === undefined) {
    config.setSalt(crypter.salt);
    await config.save();
  }
  if (backend.exists()) return;
  const manifest = { time: new Date().toISOString(), magic: "", version: "" };
  const providers = { type: "passphrase", state: { salt: crypter.salt } };
  await backend.write([
    Buffer.from(JSON.stringify({ manifest, secrets_providers: providers, metadata: {} })),
  ]);
}

/**
 * Sets a value in `Pulumi.<stack>.yaml`; with `secret` it is encrypted first. A key without a namespace belongs to the project's.
 * @throws EngineError
 */
export async function setConfig(
  options: StackOptions,
  key: string,
  value: string,
  { secret = false, path = false }: { secret?: boolean } & ConfigKeyOptions = {},
): Promise<void> {
  const { config } = await locateStack(options);
  if (secret && config.salt === undefined) {
    throw new EngineError(
      "STACK_NOT_FOUND",
      `${config.file} has no encryptionsalt yet.`,
      `Create the stack first: stack init ${options.stack}`,
    );
  }
  const crypter =
    secret && config.salt !== undefined ? await Crypter.open(options.passphrase, config.salt) : undefined;
  config.set(key, value, crypter, { path });
  await config.save();
}

/** Every value of `Pulumi.<stack>.yaml`, secrets in the clear; empty before the stack was made. @throws EngineError WRONG_PASSPHRASE */
export async function configValues(options: StackOptions): Promise<readonly ConfigValue[]> {
  const { config } = await locateStack(options);
  return config.salt === undefined ? [] : config.values(await Crypter.open(options.passphrase, config.salt));
}

/** One value, in the clear even if it is a secret. @throws EngineError CONFIG_NOT_FOUND, WRONG_PASSPHRASE, BAD_CONFIG_KEY */
export async function getConfig(
  options: StackOptions,
  key: string,
  { path = false }: ConfigKeyOptions = {},
): Promise<ConfigValue> {
  const { config } = await locateStack(options);
  const [first, ...steps] = path ? parseConfigPath(key) : [key];
  const name = config.nameOf(first);
  const whole = (await configValues(options)).find((value) => value.key === name);
  const found = whole && steps.length > 0 ? memberOf(whole, steps) : whole;
  if (found === undefined) {
    throw new EngineError("CONFIG_NOT_FOUND", `Stack ${options.stack} has no configuration value "${key}".`);
  }
  return found;
}

function memberOf(whole: ConfigValue, steps: readonly ConfigStep[]): ConfigValue | undefined {
  if (!/^[[{]/u.test(whole.value)) return undefined;
  const member = valueAt(JSON.parse(whole.value), steps);
  if (member === undefined) return undefined;
  return { ...whole, value: typeof member === "string" ? member : JSON.stringify(member) };
}

/** Takes a value out of `Pulumi.<stack>.yaml`, and returns whether it was there. */
export async function removeConfig(
  options: StackOptions,
  key: string,
  keyOptions: ConfigKeyOptions = {},
): Promise<boolean> {
  const { config } = await locateStack(options);
  const isThere = config.remove(key, keyOptions);
  if (isThere) await config.save();
  return isThere;
}

/** The outputs of the stack's last run; secrets read `[secret]` unless `showSecrets`. */
export async function stackOutputs(
  options: StackOptions,
  { showSecrets = false }: { showSecrets?: boolean } = {},
): Promise<Readonly<Record<string, Value>>> {
  const stack = await openStack(options);
  const root = stack.deployment.resources.find(({ urn }) => urn === rootUrn(stack));
  return mapProperties(root?.outputs ?? {}, showSecrets ? unwrapSecrets : masked);
}

/** The state in the form of `pulumi stack export`, secrets encrypted; `pulumi stack import` reads it. */
export async function exportState(options: StackOptions): Promise<{ version: number; deployment: unknown }> {
  const { backend } = await openStack(options);
  const latest: unknown = await backend.readRaw();
  return { version: 3, deployment: latest };
}
