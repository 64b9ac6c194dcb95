import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isOwnProviderText } from "../providers/provider-texts.ts";
import type { RunOptions } from "../local/engine/index.ts";
import { initStack, setConfig } from "../local/engine/stack/index.ts";
import { countAgents, parallelSteps } from "./agents.ts";
import { LOCAL_STACK, type Project, readConfig, stackFile } from "./project.ts";
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

function passphrase(project: Project): string {
  if (!existsSync(project.passphraseFile)) {
    mkdirSync(dirname(project.passphraseFile), { recursive: true });
    writeFileSync(project.passphraseFile, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
  }
  return readFileSync(project.passphraseFile, "utf8").trimEnd();
}

/** Return how the engine opens the local stack, with steps enough for so many agents. */
export function localRun(project: Project, agents: number): RunOptions {
  return {
    projectDir: project.root,
    stack: LOCAL_STACK,
    stateRoot: project.stateRoot,
    passphrase: passphrase(project),
    parallel: parallelSteps(agents),
    // A state may name only code of this package, so that whoever can write one gets none of their own run.
    trustsProvider: isOwnProviderText,
    refuse: (config) =>
      config["masumi:network"] === "Mainnet"
        ? "the embedded engine never touches Mainnet: use the real Pulumi CLI for that stack"
        : undefined,
  };
}

/** Return whether the local stack was made; a file that was only written by hand has no key for its secrets yet. */
export const localStackExists = (project: Project): boolean => {
  const file = stackFile(project, LOCAL_STACK);
  return existsSync(file) && /^encryptionsalt:/mu.test(readFileSync(file, "utf8"));
};

/** What the local stack is made of: [key, value, kept as a secret]. */
const DEFAULTS: readonly (readonly [key: string, value: string, secret: boolean])[] = [
  ["network", "Preprod", false],
  ["owner", "local", false],
  ["wallets", JSON.stringify(SANDBOX_WALLETS), false],
  ["hosting", "process", false],
  ["allowPrivateUrls", "true", false],
  ["apiKey", SANDBOX_PAY_KEY, true],
  ["modelKey", "sandbox-model-key", true],
];

/** What only the sandbox knows, so that a payment service of the owner's own is not given it. */
const OF_SANDBOX: typeof DEFAULTS = [["runtimeKey", SANDBOX_RUNTIME_KEY, true]];

/** Which sandbox the stack's URLs were made from; the program itself never reads it. */
const FOLLOWED = "sandbox:url";

/** Return true unless the owner of the stack has pointed it at a payment service of their own. */
export function usesSandbox(project: Project): boolean {
  const settings = readConfig(project, LOCAL_STACK);
  const service = settings["masumi:paymentServiceUrl"];
  return service === undefined || service === `${settings[FOLLOWED]}/api/v1`;
}

/** Return whether the sandbox's stub model answers, as it does until the owner of the stack sets another. */
export function answersAreStubs(project: Project): boolean {
  const settings = readConfig(project, LOCAL_STACK);
  const model = settings["masumi:modelApi"];
  return model === undefined || model === `${settings[FOLLOWED]}/model/v1`;
}

/**
 * Makes Pulumi.local.yaml for the sandbox on first use, and follows the sandbox when it moved to another port. What
 * the stack's owner has set is left alone.
 */
export async function prepareLocalStack(project: Project, sandboxUrl: string): Promise<void> {
  const run = localRun(project, 0);
  if (!localStackExists(project)) await initStack(run);
  const settings = readConfig(project, LOCAL_STACK);
  const set = (key: string, value: string, secret = false) => setConfig(run, key, value, { secret });
  for (const [key, value, secret] of usesSandbox(project) ? [...DEFAULTS, ...OF_SANDBOX] : DEFAULTS) {
    if (!(`masumi:${key}` in settings)) await set(`masumi:${key}`, value, secret);
  }
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

/**
 * Return how the engine runs the local stack. Its sandbox must answer before anything is planned: a refused connection
 * explains nothing.
 *
 * @throws UserError when the stack uses the sandbox and none is running
 */
export async function openLocalStack(project: Project, signal?: AbortSignal): Promise<RunOptions> {
  const sandbox = await findSandbox(project, signal);
  if (!sandbox && usesSandbox(project)) throw sandboxIsMissing();
  if (sandbox) await prepareLocalStack(project, sandbox.url);
  return localRun(project, countAgents(project));
}
