/** Crews as processes on this machine: their files, ports and Python environment. Loads no Pulumi. */
export { CrewProcessError, type CrewProcessErrorCode } from "./errors.ts";
export {
  SHARED_SERVICE,
  crewFolder,
  buildFolder,
  crewHome,
  crewUrl,
  crewVenv,
  portsFile,
  runtimeDigest,
  sharedAgentsFolder,
  sharedVersionsFolder,
  tryHome,
} from "./paths.ts";
export { InstallerError, type InstallerOptions, runInstaller } from "./installer.ts";
export { pythonCandidates } from "./find-python.js";
export { reservePorts, reservedPort } from "./ports.ts";
export {
  type CrewInstance,
  type RecordedCrew,
  exists,
  isAlive,
  isUp,
  logFile,
  readRecord,
  recordedCrews,
} from "./instance.ts";
export { isOwnProject } from "./own-project.ts";
export { type CrewPayments, endCrew, identityFile, startCrew, stopCrew } from "./process.ts";
export { addPackages, dropPackages, dropUnusedPackages, lockOf, packagesOf } from "./packages.ts";
export { type PackagesTarget, packedPackages } from "./packed-packages.ts";
export { ensurePythonEnvironment, type InstallOptions, type PythonEnvironment } from "./python.ts";
