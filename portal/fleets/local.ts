import { type Project, prepareLocalStack, startSandboxProcess } from "../../stacks/index.ts";
import type { FleetNames } from "./fleets.ts";

export interface LocalFleetOptions {
  /** The folder of stored documents. */
  readonly documents: string;
  readonly chainSpeed: string;
  /**
   * The database server in which runs write down their agents, for others to read. The embedded database has no others: it is this
   * process's alone, and the portal keeps what it shows in tables of its own.
   */
  readonly records: string | undefined;
}

/** Sees to it that a fleet of this machine has its stack, and that the sandbox runs which all of them share. */
export async function prepareLocalFleet(
  project: Project,
  { stack, folder }: FleetNames,
  { chainSpeed, documents, records }: LocalFleetOptions,
  signal?: AbortSignal,
): Promise<void> {
  const sandbox = await startSandboxProcess(project, { chainSpeed, ...(signal ? { signal } : {}) });
  await prepareLocalStack(project, {
    stack,
    sandboxUrl: sandbox.url,
    settings: {
      "masumi:agents": folder,
      // One crew service for all agents of the fleet.
      "masumi:hosting": "shared",
      "masumi:shared": '{"on":"process"}',
      "masumi:documents": JSON.stringify({ folder: documents }),
      ...(records === undefined ? {} : { "masumi:records": { secret: records } }),
    },
    signal,
  });
}
