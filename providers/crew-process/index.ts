export { CrewIdentity, type CrewIdentityArgs } from "./crew-identity.ts";
export {
  CrewProcess,
  type CrewProcessArgs,
  crewFolder,
  crewHome,
  crewUrl,
  crewVenv,
} from "./crew-process.ts";
export { CrewProcessError, type CrewProcessErrorCode } from "./errors.ts";
export { reservePort, reservedPort } from "./ports.ts";
export { type CrewPayments, identityFile } from "./process.ts";
export { ensurePythonEnvironment, type InstallOptions, type PythonEnvironment } from "./python.ts";
