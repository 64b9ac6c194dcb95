import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { createAtomicallySync, writeAtomicallySync } from "../../providers/common/atomic-write.ts";
import { CodedError } from "../../providers/common/coded-error.ts";
import { withLockFile } from "../../providers/common/lock-file.ts";
import { isOwnProviderText } from "../../providers/provider-texts.ts";
import type { RunOptions } from "../../local/engine/index.ts";
import { exportState, initStack, setConfig } from "../../local/engine/stack/index.ts";
import { marker, ownerOf } from "../../providers/masumi/service/marker.ts";
import { countAgents, parallelSteps } from "../agents.ts";
import { LOCAL_STACK, type Project, projectName, readConfig, stackFile } from "../project.ts";
import { FOLLOWED, usesSandbox } from "./uses-sandbox.ts";
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

const stateFile = (project: Project): string =>
  join(project.stateRoot, ".pulumi", "stacks", projectName(project), `${LOCAL_STACK}.json`);

/** The passphrase of the local stack, made for a new one. @throws PassphraseError PASSPHRASE_MISSING when it was deleted */
function passphrase(project: Project): string {
  const file = project.passphraseFile;
  if (!existsSync(file)) {
    const files = [stackFile(project, LOCAL_STACK), stateFile(project)].filter(keepsSecrets);
    if (files.length > 0) {
      // Whoever begins anew removes the settings, and must not lose what finds the registrations again.
      keepOwner(project);
      throw passphraseMissing(file, files);
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
    `Put the file back from a backup. If there is none, begin the local stack anew: note your own settings, then rm ${files.join(" ")}` +
      " and run npx masumi-agents up. It takes the registrations over that this project made, and starts its crews again.",
  );

/** Return how the engine opens the local stack, with steps enough for so many agents. */
export function localRun(project: Project, agents: number): RunOptions {
  return {
    projectDir: project.root,
    stack: LOCAL_STACK,
    stateRoot: project.stateRoot,
    passphrase: passphrase(project),
    parallel: parallelSteps(agents),
    // As with the real CLI: the program looks there which registrations its stack has.
    env: { PULUMI_BACKEND_URL: pathToFileURL(project.stateRoot).href },
    // A state may name only code of this package, so that whoever can write one gets none of their own run.
    trustsProvider: isOwnProviderText,
    // Each of its resources looks for what a run that was killed may have made.
    resumesCreation: isOwnProviderText,
    refuse: (config) =>
      config["masumi:network"] === "Mainnet"
        ? "the embedded engine never touches Mainnet: use the real Pulumi CLI for that stack"
        : undefined,
  };
}

/** Return whether the local stack was made; a file that was only written by hand has no key for its secrets yet. */
export const localStackExists = (project: Project): boolean => keepsSecrets(stackFile(project, LOCAL_STACK));

/** What the local stack is made of: [key, value, kept as a secret]. */
const DEFAULTS: readonly (readonly [key: string, value: string, secret: boolean])[] = [
  ["network", "Preprod", false],
  ["wallets", JSON.stringify(SANDBOX_WALLETS), false],
  ["hosting", "process", false],
  ["allowPrivateUrls", "true", false],
  ["apiKey", SANDBOX_PAY_KEY, true],
  ["modelKey", "sandbox-model-key", true],
];

/** What only the sandbox knows, so that a payment service of the owner's own is not given it. */
const OF_SANDBOX: typeof DEFAULTS = [["runtimeKey", SANDBOX_RUNTIME_KEY, true]];

/** Before each clone had an owner of its own, this was everybody's. */
const FORMER_OWNER = "local";

/** Whether the state has registrations that were made for it: whoever lost the settings must find them again. */
function hasFormerOwner(project: Project): boolean {
  const file = stateFile(project);
  if (!existsSync(file)) return false;
  const markers = [...readFileSync(file, "utf8").matchAll(/"marker":\s*"([^"]+)"/g)];
  return markers.some(([, text = ""]) => ownerOf(text) === ownerOf(marker(FORMER_OWNER, "")));
}

/**
 * Return the owner of this clone's local registrations, which is the stack's setting, and keep it beside the state. Without
 * a setting it is another in every clone, since two of one owner would take each other's registrations for theirs, and the
 * same for good in this one, since it is what finds them again.
 */
function keepOwner(project: Project): string {
  const file = join(project.masumi, "owner");
  const kept = existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
  const made = hasFormerOwner(project) ? FORMER_OWNER : `local-${randomBytes(4).toString("hex")}`;
  const owner = readConfig(project, LOCAL_STACK)["masumi:owner"] ?? kept ?? made;
  if (owner !== kept) {
    mkdirSync(project.masumi, { recursive: true, mode: 0o700 });
    writeAtomicallySync(file, `${owner}\n`);
  }
  return owner;
}

/**
 * Makes Pulumi.local.yaml for the sandbox on first use, and follows the sandbox when it moved to another port. What
 * the stack's owner has set is left alone.
 */
export async function prepareLocalStack(project: Project, sandboxUrl: string): Promise<void> {
  const run = localRun(project, 0);
  // Two commands may come for the first time at once.
  await withLockFile(join(project.masumi, "local-stack.lock"), () => prepare(project, run, sandboxUrl));
}

async function prepare(project: Project, run: RunOptions, sandboxUrl: string): Promise<void> {
  const owner = keepOwner(project);
  if (!localStackExists(project)) await initStack(run);
  const settings = readConfig(project, LOCAL_STACK);
  const set = (key: string, value: string, secret = false) => setConfig(run, key, value, { secret });
  for (const [key, value, secret] of usesSandbox(project) ? [...DEFAULTS, ...OF_SANDBOX] : DEFAULTS) {
    if (!(`masumi:${key}` in settings)) await set(`masumi:${key}`, value, secret);
  }
  if (!("masumi:owner" in settings)) await set("masumi:owner", owner);
  if (settings[FOLLOWED] === sandboxUrl) return;
  for (const [key, path] of [
    ["masumi:paymentServiceUrl", "/api/v1"],
    ["masumi:modelApi", "/model/v1"],
  ] as const) {
    const current = settings[key];
    if (current === undefined || current === `${settings[FOLLOWED]}${path}`)
      await set(key, `${sandboxUrl}${path}`);
  }
  await set(FOLLOWED, sandboxUrl);
}

/** Return how the engine runs the local stack if it has no resources, so that its sandbox is not needed to remove them. */
export async function openEmptyStack(project: Project): Promise<RunOptions | undefined> {
  const run = localRun(project, countAgents(project));
  if (!localStackExists(project)) {
    if (existsSync(stateFile(project))) return undefined;
    await initStack(run);
  }
  const { deployment } = await exportState(run);
  const { resources = [] } = (deployment ?? {}) as { resources?: readonly unknown[] };
  return resources.length === 0 ? run : undefined;
}

/**
 * Return how the engine runs the local stack. Its sandbox must answer before anything is planned: a refused connection
 * explains nothing.
 *
 * @throws UserError when the stack uses the sandbox and none is running
 */
export async function openLocalStack(project: Project, signal?: AbortSignal): Promise<RunOptions> {
  // A lost passphrase is not found again by starting the sandbox.
  const run = localRun(project, countAgents(project));
  const sandbox = await findSandbox(project, signal);
  if (!sandbox && usesSandbox(project)) throw sandboxIsMissing();
  if (sandbox) await prepareLocalStack(project, sandbox.url);
  return run;
}
