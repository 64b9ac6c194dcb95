import { EngineError } from "../errors.ts";
import { findPlugin } from "../providers/launch.ts";
import { openStack, type StackOptions } from "../stack/stack.ts";
import { isProviderType, packageOfProviderType } from "../urn.ts";

/** The SDK's dynamic provider, which needs no plugin. */
const DYNAMIC_PACKAGE = "pulumi-nodejs";

/** Returns why providers in a stack's state could not be started: a run that needs one of them would be refused. */
export async function missingPlugins(
  options: StackOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const { resources } = (await openStack(options)).deployment;
  const problems = resources.flatMap(({ type, inputs: { version } }) => {
    const pkg = packageOfProviderType(type);
    if (!isProviderType(type) || pkg === DYNAMIC_PACKAGE) return [];
    try {
      findPlugin(pkg, typeof version === "string" ? version : undefined, env);
      return [];
    } catch (error) {
      if (error instanceof EngineError) return [`${error.code}: ${error.message}`];
      throw error;
    }
  });
  return [...new Set(problems)];
}
