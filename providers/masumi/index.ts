/** The Masumi registry as Pulumi resources, and the client that they use. */
export { UNNAMED_BURNS } from "./resources/burn-limit.ts";
export { LIMITS } from "./service/check.ts";
export { changedFields, contentOf, shows } from "./service/content.ts";
export { type ListScope, MasumiClient } from "./service/client.ts";
export { AgentConfirmation, type AgentConfirmationArgs } from "./resources/confirmation.ts";
export { LOVELACE_PER_MINT, LOVELACE_PER_TOKEN, TYPICAL_FEE_LOVELACE } from "./service/costs.ts";
export type { Dialect, Registration } from "./service/convert.ts";
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
} from "./service/errors.ts";
export { type OwnRow, type RowScope, ownRows, readRows } from "./service/rows.ts";
export { Http, type HttpOptions } from "./service/http.ts";
export type { RecoverFrom, RegistrationInputs, RegistrationOutputs } from "./resources/inputs.ts";
export { marker, ownerTag } from "./service/marker.ts";
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
} from "./service/model.ts";
export { queueSeconds, waitMinutesFor } from "./service/queue.ts";
export { AgentRegistration, type AgentRegistrationArgs, type ListingArgs } from "./resources/registration.ts";
export { type Change, decideChange, decideCreate } from "./service/rules.ts";
export type { ApiKeyStatus, PaymentSource } from "./service/wire.ts";
