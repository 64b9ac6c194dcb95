import { ledgerSettings, readHostingSettings } from "../infra/config.ts";
import { LedgerBucket, ledgerPlace } from "../providers/masumi/service/index.ts";
import { type Environment, type Project, projectName, readConfig } from "./project.ts";

/**
 * Return the bucket of a stack's ledger; undefined if it has none. Nothing is asked of it yet.
 *
 * @throws ConfigurationError when masumi:ledger or the region cannot be read
 */
export function openLedgerBucket(
  project: Project,
  stack: string,
  env: Environment,
): LedgerBucket | undefined {
  const values = readConfig(project, stack);
  const settings = ledgerSettings(stack, values);
  if (!settings) return undefined;
  const { region, profile } = readHostingSettings(stack, values, env).aws;
  const place = { project: projectName(project), stack: ownName(stack), region, profile };
  return new LedgerBucket(ledgerPlace(settings, place));
}

/** Return a stack's own name: it may lead by organization and project, `example/agents/preprod`. */
export const ownName = (stack: string): string => stack.split("/").at(-1) ?? stack;
