import { IntentNotes, type UnsettledRequest } from "../providers/masumi/service/index.ts";
import { readNetwork } from "./network.ts";
import type { Project } from "./project.ts";

export type { UnsettledRequest };

/**
 * Return the registrations that runs on this machine requested without learning what became of that, on the stack's network.
 *
 * @throws UserError when the stack has no file or no network
 */
export async function readUnsettledRequests(project: Project, stack: string): Promise<UnsettledRequest[]> {
  const { network } = readNetwork(project, stack);
  return (await new IntentNotes(project.root).all()).filter((note) => note.network === network);
}
