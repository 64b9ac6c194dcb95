import { crewHome, crewUrl, logFile, reservedPort } from "../../../providers/crew-process/local/index.ts";
import type { HostingTraits } from "../kind.ts";

/** Runs crews as processes on this machine. */
export const processTraits: HostingTraits = {
  module: "process/process",
  runsImages: false,
  confinesContainers: false,
  instances: "ignored",
  runsBesideKeys: true,
  sizes: [],
  readsLocalFiles: true,
  losesPaidJobs: false,
  needsDocumentsKey: () => false,
  settingsProblems: () => [],
  urls:
    ({ projectRoot, stack }) =>
    (id) => {
      const port = reservedPort(projectRoot, id, stack);
      return port === undefined ? undefined : crewUrl(port);
    },
  logs:
    ({ projectRoot, stack }) =>
    (id) => ({ kind: "file", path: logFile(crewHome(projectRoot, id, stack)) }),
};
