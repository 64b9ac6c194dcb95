import { type RegistrationsInState, backendFolder, readStateFile } from "../infra/fleet/index.ts";
import { type Environment, type Project, isLocalStack, projectName } from "./project.ts";

/**
 * Return which registrations a stack's state has; undefined where only the real Pulumi CLI can read the state. The program finds
 * the same for itself.
 */
export function registrationsInState(
  project: Project,
  stack: string,
  env: Environment,
): RegistrationsInState | undefined {
  const backend = isLocalStack(stack) ? project.stateRoot : backendFolder(env["PULUMI_BACKEND_URL"]);
  if (backend === undefined) return undefined;
  return readStateFile({ backend, project: projectName(project), stack: stack.split("/").at(-1) ?? stack });
}
