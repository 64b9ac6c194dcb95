import { EARLY_FLAGS, GUARD_FLAGS, PIPE_FLAGS, PRELOAD_FLAGS } from "../preload/index.ts";
import type { Project } from "../stack/project.ts";
import type { Sdk } from "../stack/sdk.ts";
import type { ConfigValue } from "../stack/stack-config.ts";
import { findPlugin, type Launch } from "./launch.ts";
import { DYNAMIC_PACKAGE } from "./registry.ts";

/** A provider mostly waits, and may hold thousands of calls at once: its memory counts for more than its speed. */
const MEMORY_FLAGS = ["--max-semi-space-size=4", "--optimize-for-size"];

export interface LauncherOptions {
  readonly project: Project;
  readonly sdk: Sdk;
  readonly config: readonly ConfigValue[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the dynamic provider's code will load. */
  readonly providerModules: readonly string[];
}

/** How the providers of a project are started: the SDK's dynamic one on this Node, all others as the programs that they are. */
export function createLauncher({
  project,
  sdk,
  config,
  env,
  providerModules,
}: LauncherOptions): (pkg: string, version: string | undefined) => Launch {
  const shared = { cwd: project.programDir };
  return (pkg, version): Launch => {
    const common = { ...env, PULUMI_PROJECT: project.name };
    if (pkg === DYNAMIC_PACKAGE) {
      return {
        ...shared,
        name: "dynamic provider",
        command: process.execPath,
        args: [
          ...MEMORY_FLAGS,
          ...PRELOAD_FLAGS,
          ...PIPE_FLAGS,
          ...EARLY_FLAGS,
          ...GUARD_FLAGS,
          sdk.dynamicProvider,
        ],
        env: {
          ...common,
          PULUMI_NODEJS_PROJECT: project.name,
          PULUMI_CONFIG: "{}",
          ENGINE_PROVIDER_MODULES: JSON.stringify(providerModules),
        },
        piped: true,
        shown: true,
        wholeGroup: false,
      };
    }
    const { file, ambient } = findPlugin(pkg, version, env);
    return {
      ...shared,
      name: version === undefined ? `plugin ${pkg}` : `plugin ${pkg} ${version}`,
      command: file,
      args: [],
      env: { ...common, PULUMI_CONFIG: JSON.stringify(packageConfig(pkg, config)) },
      piped: false,
      shown: false,
      wholeGroup: true,
      ...(ambient ? { ambient: file } : {}),
    };
  };
}

/** The configuration values of a package, without its name. */
function packageConfig(pkg: string, config: readonly ConfigValue[]): Record<string, string> {
  const prefix = `${pkg}:`;
  return Object.fromEntries(
    config
      .filter(({ key }) => key.startsWith(prefix))
      .map(({ key, value }) => [key.slice(prefix.length), value]),
  );
}
