/*
 * The texts that the state keeps as the resources' provider. The provider host evaluates them in the
 * program's folder (infra/), also for a delete years later. So they are a frozen contract: never change them; to
 * change what happens, change what host.ts exports. Being constants, they cost no serialisation, and no change
 * of code ever shows as a change of a resource.
 */
export const REGISTRATION_SHIM =
  'exports.handler = () => require("../providers/masumi/host.ts").registration';
export const CONFIRMATION_SHIM =
  'exports.handler = () => require("../providers/masumi/host.ts").confirmation';
