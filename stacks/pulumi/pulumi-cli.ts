import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { Environment } from "../project.ts";
import { TESTED } from "./tested-versions.ts";
import { UserError } from "../user-error.ts";

/** What npx fetches where no CLI is installed: the first one after that of the npm package that brings the CLI. */
export const FETCHED_CLI = "3.261.0";

/** A Pulumi CLI on this machine. */
export interface PulumiCli {
  readonly file: string;
  /** Without the leading v; undefined where it does not say. */
  readonly version: string | undefined;
}

/** Return the Pulumi CLI on PATH, or the one that npx fetched before; undefined where there is none. */
export function findPulumiCli(env: Environment): PulumiCli | undefined {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const onPath = folders.map((folder) => join(folder, "pulumi")).find(isProgram);
  const file = onPath ?? [fetchedFile(env)].find(existsSync);
  if (file === undefined) return undefined;
  const { status, stdout } = ask(file, env);
  if (status !== 0) return undefined;
  return { file, version: /^v?(\d+\.\d+\.\d+\S*)/u.exec(stdout.trim())?.[1] };
}

const ask = (file: string, env: Environment): SpawnSyncReturns<string> =>
  spawnSync(file, ["version"], {
    encoding: "utf8",
    timeout: 30_000,
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" },
  });

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Where the npm package `pulumi` keeps what it downloads, as its README says. */
const fetchedFile = (env: Environment): string =>
  join(env["PULUMI_HOME"] || join(homedir(), ".pulumi"), "versions", FETCHED_CLI, "bin", "pulumi");

/**
 * Return the Pulumi CLI, which npx fetches once where there is none.
 *
 * @throws UserError when it cannot be fetched
 */
export async function requirePulumiCli(
  env: Environment,
  onNotice: (line: string) => void,
  signal?: AbortSignal,
): Promise<PulumiCli> {
  const found = findPulumiCli(env);
  if (found) return found;
  const name = `pulumi@${FETCHED_CLI}`;
  onNotice(`There is no Pulumi CLI on PATH: npx fetches ${name} (once, about 100 MB) ...`);
  const exitCode = await new Promise<number>((done) => {
    const child = spawn("npx", ["--yes", name, "version"], {
      env: { ...env, PULUMI_VERSION: FETCHED_CLI },
      // Whatever it says is no result of the command.
      stdio: ["ignore", 2, 2],
      ...(signal ? { signal } : {}),
    });
    child.once("error", () => done(1));
    child.once("close", (code) => done(code ?? 1));
  });
  signal?.throwIfAborted();
  const fetched = exitCode === 0 ? findPulumiCli(env) : undefined;
  if (fetched) return fetched;
  throw new UserError(
    `The Pulumi CLI is not on PATH, and npx could not fetch ${name} (see above). ` +
      "Install it (https://www.pulumi.com/docs/install/), put it on PATH and try again.",
  );
}

/** Return what to say of a CLI that is not the one of the tests; undefined where there is nothing to say. */
export function versionNotice({ file, version }: PulumiCli): string | undefined {
  if (version === TESTED.cli || version === FETCHED_CLI) return undefined;
  const which =
    version === undefined ? "a Pulumi CLI that does not say its version" : `Pulumi CLI ${version}`;
  return `Using ${which} (${file}); tested with ${TESTED.cli}.`;
}

/** Return the environment of a CLI: the language hosts beside it must be found. */
export const environmentOf = ({ file }: PulumiCli, env: Environment): Environment => ({
  ...env,
  PATH: [env["PATH"], dirname(file)].filter(Boolean).join(delimiter),
});
