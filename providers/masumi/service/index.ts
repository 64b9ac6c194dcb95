/** The payment service and the rules of its registry: a client, and what may be asked of it. Loads no Pulumi. */
export { UNNAMED_BURNS } from "./burn-rule.ts";
export { LIMITS } from "./check.ts";
export { changedFields, contentOf, digestOf, shows } from "./content.ts";
export { type ListScope, MasumiClient } from "./client.ts";
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
export { type OwnRow, type RowScope, ownRows, readRows } from "./rows.ts";
export { Http, type HttpOptions } from "./http.ts";
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
export { type Change, type RecoverFrom, decideChange, decideCreate } from "./rules.ts";
export type { ApiKeyStatus, PaymentSource } from "./wire.ts";
