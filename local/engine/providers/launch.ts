import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { EngineError } from "../errors.ts";
import { compareVersions, isVersion } from "../versions.ts";

/** How to start the process that serves a package. */
export interface Launch {
  /** For messages: `plugin aws 7.48.0`. */
  readonly name: string;
  readonly command: string;
  /** The engine's address is added as the last one. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether what the process prints is shown; the output of a plugin is not, unless it crashes. */
  readonly shown: boolean;
  /** Whether the processes that it starts end with it. What a dynamic provider starts may be meant to stay. */
  readonly wholeGroup: boolean;
  /** Whether it and the engine talk over a pipe, not over the port that it prints. */
  readonly piped: boolean;
  /** Where it was found by PATH, not where plugins are installed: worth a warning. */
  readonly ambient?: string;
}

const PACKAGE_NAME = /^[a-z][a-z0-9._-]*$/iu;

/**
 * The program of a package's plugin: `pulumi-resource-<package>` from PATH, else from `$PULUMI_HOME/plugins` (default `~/.pulumi`) in exactly
 * this version, or in the newest where none is asked for. Nothing is ever downloaded.
 * @throws EngineError PLUGIN_NOT_FOUND, BAD_PACKAGE_NAME
 */
export function findPlugin(
  pkg: string,
  version: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): { readonly file: string; readonly ambient: boolean } {
  // The name may come from a state file: it must not lead out of the folders that are searched.
  if (!PACKAGE_NAME.test(pkg))
    throw new EngineError("BAD_PACKAGE_NAME", `${JSON.stringify(pkg)} is not the name of a package.`);
  const program = `pulumi-resource-${pkg}`;
  const ignorePath = /^(?:1|true)$/iu.test(env["PULUMI_IGNORE_AMBIENT_PLUGINS"] ?? "");
  const onPath = (ignorePath ? "" : (env["PATH"] ?? ""))
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, program))
    .find(isProgram);
  if (onPath !== undefined) return { file: onPath, ambient: true };
  const plugins = join(env["PULUMI_HOME"] || join(homedir(), ".pulumi"), "plugins");
  const installed = installedVersions(plugins, pkg);
  const chosen = version === undefined ? installed.at(-1) : installed.find((other) => other === version);
  const file = chosen === undefined ? undefined : join(plugins, `resource-${pkg}-v${chosen}`, program);
  if (file !== undefined && isProgram(file)) return { file, ambient: false };
  throw new EngineError(
    "PLUGIN_NOT_FOUND",
    `The plugin of package "${pkg}"${version === undefined ? "" : ` ${version}`} was not found: no ${program} on PATH, and none in ${plugins}.`,
    `The embedded engine downloads nothing: install it (pulumi plugin install resource ${pkg} ${version ?? "<version>"}), or put ${program} on PATH.`,
  );
}

/** Ascending; a folder whose download did not end has a file `.partial` beside it. */
function installedVersions(plugins: string, pkg: string): string[] {
  if (!existsSync(plugins)) return [];
  const prefix = `resource-${pkg}-v`;
  return readdirSync(plugins)
    .filter((name) => name.startsWith(prefix) && !existsSync(join(plugins, `${name}.partial`)))
    .map((name) => name.slice(prefix.length))
    .filter(isVersion)
    .toSorted(compareVersions);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
