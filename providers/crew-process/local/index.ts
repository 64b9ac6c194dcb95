/** Crews as processes on this machine: their files, ports and Python environment. Loads no Pulumi. */
export { CrewProcessError, type CrewProcessErrorCode } from "./errors.ts";
export { crewFolder, crewHome, crewUrl, crewVenv, portsFile } from "./paths.ts";
export { InstallerError, type InstallerOptions, runInstaller } from "./installer.ts";
export { pythonCandidates } from "./find-python.js";
export { reservePort, reservedPort } from "./ports.ts";
export { type CrewInstance, type RecordedCrew, isAlive, isUp, logFile, recordedCrews } from "./instance.ts";
export { type CrewPayments, identityFile, stopCrew } from "./process.ts";
export { addPackages, dropPackages, lockOf, packagesOf } from "./packages.ts";
export { ensurePythonEnvironment, type InstallOptions, type PythonEnvironment } from "./python.ts";
