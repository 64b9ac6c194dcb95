import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { createAtomicallySync, writeAtomicallySync } from "../../providers/common/atomic-write.ts";
import { CodedError } from "../../providers/common/coded-error.ts";
import { withLockFile } from "../../providers/common/lock-file.ts";
import { isDecidedByInputs, isOwnProviderText } from "../../providers/provider-texts.ts";
import type { RunOptions } from "../../local/engine/index.ts";
import { configValues, exportState, initStack, setConfig } from "../../local/engine/stack/index.ts";
import { marker, ownerOf } from "../../providers/masumi/service/marker.ts";
import { countAgents, parallelSteps } from "../agents.ts";
import { stackFolder } from "../../providers/common/local-stack.js";
import {
  LOCAL_STACK,
  type Project,
  isLocalStack,
  projectName,
  readConfig,
  requireStackFile,
  stackFile,
  stackNames,
} from "../project.ts";
import { UserError } from "../user-error.ts";
import { FOLLOWED, answersAreStubs, usesSandbox } from "./uses-sandbox.ts";
import { findSandbox, sandboxIsMissing } from "./sandbox-process.ts";

/** The sandbox's own world: test tokens and wallets that exist nowhere else (local/sandbox/world.default.json). */
const SANDBOX_PAY_KEY = "sandbox-pay-key";
const SANDBOX_RUNTIME_KEY = "sandbox-runtime-key";
/** The key of the world's buyer, whose purchasing wallets have test tokens. */
export const SANDBOX_BUYER_KEY = "sandbox-buyer-key";
const SANDBOX_WALLETS = [
  {
    vkey: "fa12fbf555d966f84801c66b8e9704b2ea3d81a93d89059bd98d7e32",
    address:
      "addr_test1qrap97l42hvkd7zgq8rxhr5hqjew50vp4y7cjpvmmxxhuvjaewpauzztla0a4fvcs8ucdkdp2lal4ftvk8hvzzavjchsaulse9",
    type: "V2",
  },
  {
    vkey: "0b1e2d3bc6a6de6dbd74fcc3ada4ad91343960ea3e68387d182b01db",
    address:
      "addr_test1qq93utfmc6ndumdawn7v8tdy4kgngwtqaglxswrarq4srkmy8c9vmp8mj9dk6hl5skzrmwmpslva9f8ppr372xy7gdjqj8fv88",
    type: "V1",
  },
];

export type PassphraseErrorCode = "PASSPHRASE_MISSING";

/** The local stack's secrets cannot be read any more. */
export class PassphraseError extends CodedError<PassphraseErrorCode> {
  override readonly name = "PassphraseError";
}

/** Whether a file of the stack names the salt that its secrets are encrypted with. */
const keepsSecrets = (file: string): boolean =>
  existsSync(file) && /^encryptionsalt:|"salt"/m.test(readFileSync(file, "utf8"));

/** Where a local stack's state is. */
export const stateFile = (project: Project, stack: string): string =>
  join(project.stateRoot, ".pulumi", "stacks", projectName(project), `${stack}.json`);

/** The passphrase of the project's local stacks, made for the first one. @throws PassphraseError PASSPHRASE_MISSING when it was deleted */
function passphrase(project: Project): string {
  const file = project.passphraseFile;
  if (!existsSync(file)) {
    const stacks = stackNames(project).filter(isLocalStack);
    const files = stacks.flatMap((stack) => [stackFile(project, stack), stateFile(project, stack)]);
    const lost = files.filter(keepsSecrets);
    if (lost.length > 0) {
      // Whoever begins anew removes the settings, and must not lose what finds the registrations again.
      for (const stack of stacks) keepOwner(project, stack);
      throw passphraseMissing(file, lost);
    }
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    createAtomicallySync(file, `${randomBytes(24).toString("base64url")}\n`, 0o600);
  }
  return readFileSync(file, "utf8").trimEnd();
}

const passphraseMissing = (file: string, files: readonly string[]) =>
  new PassphraseError(
    "PASSPHRASE_MISSING",
    `${file} is gone, which the secrets in ${files.join(" and ")} were encrypted with.`,
    `Put the file back from a backup. If there is none, begin anew: note your own settings, then rm ${files.join(" ")}` +
      " and run npx masumi-agents up. It takes the registrations over that this project made, and starts its crews again.",
  );

/** Return how the engine opens a local stack, with steps enough for its agents. */
export function localRun(project: Project, stack: string): RunOptions {
  return {
    projectDir: project.root,
    stack,
    stateRoot: project.stateRoot,
    passphrase: passphrase(project),
    parallel: parallelSteps(countAgents(project, stack)),
    // As with the real CLI: the program looks there which registrations its stack has.
    env: { PULUMI_BACKEND_URL: pathToFileURL(project.stateRoot).href },
    // A state may name only code of this package, so that whoever can write one gets none of their own run.
    trustsProvider: isOwnProviderText,
    decidesByInputs: isDecidedByInputs,
    providerModules: ["masumi-agents/providers/masumi"],
    // Each of its resources looks for what a run that was killed may have made.
    resumesCreation: isOwnProviderText,
    refuse: (config) =>
      config["masumi:network"] === "Mainnet"
        ? "the embedded engine never touches Mainnet: use the real Pulumi CLI for that stack"
        : undefined,
  };
}

/** Return whether a local stack was made; a file that was only written by hand has no key for its secrets yet. */
export const localStackExists = (project: Project, stack: string): boolean =>
  keepsSecrets(stackFile(project, stack));

/** What a local stack is made of: [key, value, kept as a secret]. */
const DEFAULTS: readonly (readonly [key: string, value: string, secret: boolean])[] = [
  ["network", "Preprod", false],
  ["wallets", JSON.stringify(SANDBOX_WALLETS), false],
  ["hosting", "process", false],
  ["allowPrivateUrls", "true", false],
  ["apiKey", SANDBOX_PAY_KEY, true],
  ["modelKey", "sandbox-model-key", true],
];

/** Return whether crews are given a key of the owner's own for the sandbox's stub model. */
export async function keyGoesToStub(project: Project, stack: string): Promise<boolean> {
  if (!("masumi:modelKey" in readConfig(project, stack)) || !answersAreStubs(project, stack)) return false;
  const [, stubs] = DEFAULTS.find(([name]) => name === "modelKey") ?? [];
  const key = (await configValues(localRun(project, stack))).find((entry) => entry.key === "masumi:modelKey");
  return key !== undefined && key.value !== stubs;
}

/** What only the sandbox knows, so that a payment service of the owner's own is not given it. */
const OF_SANDBOX: typeof DEFAULTS = [["runtimeKey", SANDBOX_RUNTIME_KEY, true]];

/** Before each clone had an owner of its own, this was everybody's. */
const FORMER_OWNER = "local";

/** Whether the state has registrations that were made for it: whoever lost the settings must find them again. */
function hasFormerOwner(project: Project, stack: string): boolean {
  const file = stateFile(project, stack);
  if (!existsSync(file)) return false;
  const markers = [...readFileSync(file, "utf8").matchAll(/"marker":\s*"([^"]+)"/g)];
  return markers.some(([, text = ""]) => ownerOf(text) === ownerOf(marker(FORMER_OWNER, "")));
}

/**
 * Return the owner of a local stack's registrations, which is the stack's setting, and keep it beside the state. Without
 * a setting it is another for every stack in every clone, since two of one owner would take each other's registrations for theirs, and the
 * same for good in this one, since it is what finds them again.
 */
function keepOwner(project: Project, stack: string): string {
  const folder = join(project.masumi, stackFolder(stack));
  const file = join(folder, "owner");
  const kept = existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
  const made = hasFormerOwner(project, stack) ? FORMER_OWNER : `local-${randomBytes(4).toString("hex")}`;
  const owner = readConfig(project, stack)["masumi:owner"] ?? kept ?? made;
  if (owner !== kept) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeAtomicallySync(file, `${owner}\n`);
  }
  return owner;
}

/** A setting that is kept as a secret. */
export interface SecretSetting {
  readonly secret: string;
}

export interface LocalStackOptions {
  /** `local` or `local-<name>`. @default local */
  readonly stack?: string;
  /** What the stack is set to besides, keys as `masumi:agents`; maps as JSON text. */
  readonly settings?: Readonly<Record<string, string | SecretSetting>>;
  /** @default that of the project's sandbox, which must run then */
  readonly sandboxUrl?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Make a local stack for the project's sandbox, with an owner of its own, or follow the sandbox when it moved to another port. What was
 * set in the stack's file stays, unless `settings` say otherwise; a file that has them all is not written.
 *
 * @example
 *   await prepareLocalStack(project, {
 *     stack: "local-customers-01",
 *     settings: { "masumi:agents": "agents/customers-01", "masumi:modelKey": { secret: key } },
 *   });
 *
 * @throws UserError when it is no local stack, or no sandbox runs and no URL is given; PassphraseError; EngineError
 */
export async function prepareLocalStack(project: Project, options: LocalStackOptions = {}): Promise<void> {
  const { stack = LOCAL_STACK, settings = {}, signal } = options;
  if (!isLocalStack(stack)) {
    throw new UserError(`${stack} is not a stack of this machine: those are local and local-<name>.`);
  }
  const sandboxUrl = options.sandboxUrl ?? (await findSandbox(project, signal))?.url;
  if (sandboxUrl === undefined) throw sandboxIsMissing();
  const run = localRun(project, stack);
  const lock = join(project.masumi, "local-stack.lock");
  // Two commands may come for the first time at once.
  await withLockFile(
    lock,
    async () => {
      await prepare(project, run, sandboxUrl);
      await setMissing(run, settings);
    },
    signal,
  );
}

async function prepare(project: Project, run: RunOptions, sandboxUrl: string): Promise<void> {
  const { stack } = run;
  const owner = keepOwner(project, stack);
  if (!localStackExists(project, stack)) await initStack(run);
  const settings = readConfig(project, stack);
  const set = (key: string, value: string, secret = false) => setConfig(run, key, value, { secret });
  for (const [key, value, secret] of usesSandbox(project, stack) ? [...DEFAULTS, ...OF_SANDBOX] : DEFAULTS) {
    if (!(`masumi:${key}` in settings)) await set(`masumi:${key}`, value, secret);
  }
  if (!("masumi:owner" in settings)) await set("masumi:owner", owner);
  const others = otherRegistrations(project, stack, settings);
  if (others) await set(OTHERS, others);
  const former = settings[FOLLOWED];
  for (const [key, path] of [
    ["masumi:paymentServiceUrl", "/api/v1"],
    ["masumi:modelApi", "/model/v1"],
  ] as const) {
    // One that was removed is to be the sandbox's again.
    const follows = settings[key] === undefined || settings[key] === `${former}${path}`;
    if (follows && settings[key] !== `${sandboxUrl}${path}`) await set(key, `${sandboxUrl}${path}`);
  }
  if (former !== sandboxUrl) await set(FOLLOWED, sandboxUrl);
}

const OTHERS = "masumi:otherRegistrations";

/** Returns that setting with the owners of the project's other local stacks, which share the sandbox's wallets; undefined if it has them. */
function otherRegistrations(
  project: Project,
  stack: string,
  settings: Readonly<Record<string, string>>,
): string | undefined {
  const others = stackNames(project).filter((name) => isLocalStack(name) && name !== stack);
  const owners = others.flatMap((name) => readConfig(project, name)["masumi:owner"] ?? []);
  const known = z.array(z.string()).safeParse(parseJson(settings[OTHERS] ?? "[]")).data;
  // What is wrong with the setting is said by whoever reads it.
  if (!known || !usesSandbox(project, stack)) return undefined;
  const missing = owners.filter((owner) => !known.includes(owner));
  return missing.length > 0 ? JSON.stringify([...known, ...missing]) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Sets what a stack has not, or has otherwise. */
async function setMissing(
  run: RunOptions,
  settings: NonNullable<LocalStackOptions["settings"]>,
): Promise<void> {
  if (Object.keys(settings).length === 0) return;
  const known = new Map((await configValues(run)).map((entry) => [entry.key, entry]));
  for (const [key, setting] of Object.entries(settings)) {
    const isSecret = typeof setting === "object";
    const value = isSecret ? setting.secret : setting;
    const has = known.get(key);
    if (has?.value !== value || has.secret !== isSecret)
      await setConfig(run, key, value, { secret: isSecret });
  }
}

/** Return how the engine runs a local stack if it has no resources, so that its sandbox is not needed to remove them. */
export async function openEmptyStack(project: Project, stack: string): Promise<RunOptions | undefined> {
  requireStackFile(project, stack);
  const run = localRun(project, stack);
  if (!localStackExists(project, stack)) {
    if (existsSync(stateFile(project, stack))) return undefined;
    await initStack(run);
  }
  const { deployment } = await exportState(run);
  const { resources = [] } = (deployment ?? {}) as { resources?: readonly unknown[] };
  return resources.length === 0 ? run : undefined;
}

/**
 * Return how the engine runs a local stack. Its sandbox must answer before anything is planned: a refused connection
 * explains nothing.
 *
 * @throws UserError when the stack uses the sandbox and none is running, or when a local-<name> was not made
 */
export async function openLocalStack(
  project: Project,
  stack: string,
  signal?: AbortSignal,
): Promise<RunOptions> {
  requireStackFile(project, stack);
  // A lost passphrase is not found again by starting the sandbox.
  const run = localRun(project, stack);
  const sandbox = await findSandbox(project, signal);
  if (!sandbox && usesSandbox(project, stack)) throw sandboxIsMissing();
  if (sandbox) await prepareLocalStack(project, { stack, sandboxUrl: sandbox.url, signal });
  return run;
}
