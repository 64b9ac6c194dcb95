import { type Project, readConfig } from "../project.ts";

/** Which sandbox the stack's URLs were made from; the program itself never reads it. */
export const FOLLOWED = "sandbox:url";

/** Return true unless the owner of the stack has pointed it at a payment service of their own. */
export function usesSandbox(project: Project, stack: string): boolean {
  const settings = readConfig(project, stack);
  const service = settings["masumi:paymentServiceUrl"];
  return service === undefined || service === `${settings[FOLLOWED]}/api/v1`;
}

/** Return whether the sandbox's stub model answers, as it does until the owner of the stack sets another. */
export function answersAreStubs(project: Project, stack: string): boolean {
  const settings = readConfig(project, stack);
  const model = settings["masumi:modelApi"];
  return model === undefined || model === `${settings[FOLLOWED]}/model/v1`;
}
