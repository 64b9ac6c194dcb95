import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Agent, hostedBy } from "../../infra/declarations/index.ts";
import { HOSTINGS, type SharedPlace, placeTraits } from "../../infra/hosting/traits.ts";
import { EngineError } from "../../local/engine/errors.ts";
import { findPlugin } from "../../local/engine/providers/launch.ts";
import { PACKAGE_ROOT } from "../../providers/common/own-files.ts";
import { isLocalStack } from "../../stacks/project.ts";
import { usesEngine } from "./cloud.ts";
import { type Verdict, fail, ok, skip } from "./finding.ts";

/** A stack's agents, and where those of the shared crew service run. */
export interface StackWithPlugins {
  readonly stack: string;
  readonly agents: readonly Agent[];
  readonly settings: SharedPlace;
}

/**
 * Whether the plugins are there that a local stack's hostings make their resources with: the embedded engine downloads none, and
 * would miss them only after it has made other resources.
 */
export function checkPlugins(
  { stack, agents, settings }: StackWithPlugins,
  env: Readonly<Record<string, string | undefined>>,
): Verdict[] {
  if (!isLocalStack(stack)) return [skip("Pulumi installs the plugins that a stack needs")];
  const packages = new Set(HOSTINGS.flatMap((kind) => pluginPackages(kind, { agents, settings })));
  if (packages.size === 0) return [skip("no agent of this stack needs a plugin")];
  return [...packages].map((name) => checkPlugin(name, env));
}

/** The SDKs of Pulumi's that a hosting's resources of these agents are of. */
function pluginPackages(
  kind: (typeof HOSTINGS)[number],
  { agents, settings }: Omit<StackWithPlugins, "stack">,
): string[] {
  const hosted = hostedBy(kind, agents);
  if (hosted.length === 0) return [];
  const { packages = [] } = placeTraits(kind, settings);
  const needsDocker = usesEngine(kind, { agents, settings });
  return packages.filter((name) => name.startsWith(SDKS) && (name !== DOCKER || needsDocker));
}

const SDKS = "@pulumi/";
const DOCKER = "@pulumi/docker";

function checkPlugin(name: string, env: Readonly<Record<string, string | undefined>>): Verdict {
  const pkg = name.slice(SDKS.length);
  const version = installedVersion(name);
  // What has to be installed first is among the problems of the plan.
  if (version === undefined) return skip(`${name} is not installed`);
  try {
    findPlugin(pkg, version, env);
    return ok(`the plugin of ${pkg} ${version} is there`);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return fail(`${error.code}: ${error.what}`, error.remedy ?? "");
  }
}

/** The version of an SDK, which asks for a plugin of the same. */
function installedVersion(name: string): string | undefined {
  try {
    const file = createRequire(`${PACKAGE_ROOT}/`).resolve(`${name}/package.json`);
    return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
