/** The Masumi registry as Pulumi resources, and the client that they use. */
export { UNNAMED_BURNS } from "./burn-limit.ts";
export { LIMITS } from "./check.ts";
export { changedFields, contentOf, shows } from "./content.ts";
export { type ListScope, MasumiClient } from "./client.ts";
export { AgentConfirmation, type AgentConfirmationArgs } from "./confirmation.ts";
export { LOVELACE_PER_MINT, LOVELACE_PER_TOKEN, TYPICAL_FEE_LOVELACE } from "./costs.ts";
export type { Dialect, Registration } from "./convert.ts";
export {
  ERROR_CODES,
  type ErrorCode,
  MasumiError,
  type MasumiErrorDetails,
  RefusedError,
  RegistrationError,
  ServiceError,
  SettingsError,
  maskSecrets,
} from "./errors.ts";
export { type OwnRow, type RowScope, ownRows, readRows } from "./fleet.ts";
export { Http, type HttpOptions } from "./http.ts";
export type { RecoverFrom, RegistrationInputs, RegistrationOutputs } from "./inputs.ts";
export { marker, ownerTag } from "./marker.ts";
export {
  type Listing,
  type Network,
  type Price,
  type Pricing,
  type Row,
  STATES,
  type Wallet,
  type WalletType,
  isBurnable,
  isLeaving,
  isLive,
  isOver,
  isPending,
  isUpdatable,
} from "./model.ts";
export { queueSeconds, waitMinutesFor } from "./queue.ts";
export { AgentRegistration, type AgentRegistrationArgs, type ListingArgs } from "./registration.ts";
export { type Change, decideChange, decideCreate } from "./rules.ts";
export type { ApiKeyStatus, PaymentSource } from "./wire.ts";
