import { AGENT_TYPE } from "../infra/declarations/index.ts";
import { type Project, projectName } from "./project.ts";

/** What a run is limited to, in the words of either engine. */
export interface Targets {
  /** URNs, or patterns of URNs. */
  readonly targets: readonly string[];
  /** Whether what depends on them is meant too, and what is part of them. */
  readonly targetDependents: boolean;
}

const isUrn = (target: string) => target.startsWith("urn:") || target.includes("*");

/**
 * Return what the engines take for targets that are URNs or agents' ids. An id stands for the agent with all that belongs to it; then
 * the dependents of every target count.
 */
export function targetsOf(
  project: Project,
  stack: string,
  named: readonly string[],
  withDependents = false,
): Targets {
  const agentUrn = (id: string) => `urn:pulumi:${stack}::${projectName(project)}::${AGENT_TYPE}::${id}`;
  return {
    targets: named.map((target) => (isUrn(target) ? target : agentUrn(target))),
    targetDependents: withDependents || !named.every(isUrn),
  };
}

/** Return the same as options of the real Pulumi CLI. */
export const targetWords = ({ targets, targetDependents }: Targets): string[] => [
  ...targets.flatMap((target) => ["--target", target]),
  ...(targetDependents && targets.length > 0 ? ["--target-dependents"] : []),
];
