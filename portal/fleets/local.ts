import { type Project, prepareLocalStack, startSandboxProcess } from "../../stacks/index.ts";
import type { DocumentsPlace } from "../documents/place.ts";
import type { FleetNames } from "./fleets.ts";

export interface LocalFleetOptions {
  /** The stack that has the crew service of all fleets. */
  readonly service: string;
  /** Where documents are stored. */
  readonly documents: DocumentsPlace;
  readonly chainSpeed: string;
  /**
   * The database server in which runs write down their agents, for others to read. The embedded database has no others: it is this
   * process's alone, and the portal keeps what it shows in tables of its own.
   */
  readonly records: string | undefined;
}

/** Runs connect to the portal's own database and bucket as the portal does: whoever set it up trusts the network in between. */
function ownServers({ records, documents }: Pick<LocalFleetOptions, "records" | "documents">) {
  const { endpoint } = documents;
  const urls = [records, endpoint?.startsWith("http:") ? endpoint : undefined];
  const hosts = new Set(urls.flatMap((url) => (url === undefined ? [] : [new URL(url).hostname])));
  return {
    "masumi:documents": JSON.stringify(documents),
    ...(records === undefined ? {} : { "masumi:records": { secret: records } }),
    ...(hosts.size === 0 ? {} : { "masumi:allowClearText": JSON.stringify([...hosts]) }),
  };
}

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
      ...ownServers({ records, documents }),
    },
    signal,
  });
}
