import { type Project, prepareLocalStack, startSandboxProcess } from "../../stacks/index.ts";
import type { FleetNames } from "./fleets.ts";

export interface LocalFleetOptions {
  /** The stack that has the crew service of all fleets. */
  readonly service: string;
  /** The folder of stored documents. */
  readonly documents: string;
  readonly chainSpeed: string;
  /**
   * The database server in which runs write down their agents, for others to read. The embedded database has no others: it is this
   * process's alone, and the portal keeps what it shows in tables of its own.
   */
  readonly records: string | undefined;
}

/** Runs connect to the portal's own database as the portal does: whoever set it up trusts the network in between. */
const recordsIn = (url: string) => ({
  "masumi:records": { secret: url },
  "masumi:allowClearText": JSON.stringify([new URL(url).hostname]),
});

/** Sees to it that a fleet of this machine has its stack, and that the sandbox runs which all of them share. */
export async function prepareLocalFleet(
  project: Project,
  { stack, folder }: FleetNames,
  { service, chainSpeed, documents, records }: LocalFleetOptions,
  signal?: AbortSignal,
): Promise<void> {
  const sandbox = await startSandboxProcess(project, { chainSpeed, ...(signal ? { signal } : {}) });
  await prepareLocalStack(project, {
    stack,
    sandboxUrl: sandbox.url,
    settings: {
      "masumi:agents": folder,
      // One crew service for all fleets, which stays when the one that it belongs to has no agents.
      "masumi:hosting": "shared",
      "masumi:shared": JSON.stringify({
        on: "process",
        ...(stack === service ? { keep: true } : { of: service }),
      }),
      "masumi:documents": JSON.stringify({ folder: documents }),
      ...(records === undefined ? {} : recordsIn(records)),
    },
    signal,
  });
}
