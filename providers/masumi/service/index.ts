/** The payment service: its client, and the rules of its registry. Loads no Pulumi. */
export { assertTextsFit, blameFor, describeBlame } from "./rules/chain-texts.ts";
export { UNNAMED_BURNS } from "./rules/burn.ts";
export { type Kept, type KeptBy, chooseKept } from "./rules/kept.ts";
export {
  FORGET,
  backwards,
  doubtful,
  doubtfulTokens,
  isBackwards,
  isForgotten,
  notListedAnyMore,
  shortList,
  stillOnChain,
  unlisted,
  unlistedTokens,
  untold,
} from "./rules/unlisted.ts";
export { WalletTokens } from "./reads/wallet-tokens.ts";
export { IntentNotes, type UnsettledRequest, unsettled } from "./intents.ts";
export {
  LedgerBucket,
  LedgerCopy,
  type LedgerEntry,
  type LedgerLines,
  type LedgerPlace,
  type SpendKind,
  leaveRunFacts,
  ledgerPath,
  ledgerPlace,
  readLedgerFile,
  unsentWarning,
} from "./ledger/index.ts";
export { LIMITS } from "./rules/check.ts";
export { adminKeyProblem } from "./rules/admin-key.ts";
export { mainnetProblems } from "./rules/mainnet.ts";
export { assertListingSupported, assertTypeSupported, assertUpdatable } from "./rules/possible.ts";
export {
  type TypedListing,
  USUAL_A2A_VERSIONS,
  baseUrlOf,
  documentUrlOf,
  isUpdatedInPlace,
  listingTypeOf,
  typedListingOf,
} from "./listing-type.ts";
export { changedFields, contentOf, digestOf, shows } from "./rules/content.ts";
export { notUnderstood } from "./client/entries.ts";
export { type ListScope, MasumiClient, type TokenTags } from "./client/client.ts";
export { LOVELACE_PER_MINT, LOVELACE_PER_TOKEN, TYPICAL_FEE_LOVELACE } from "./costs.ts";
export type { Dialect, Registration } from "./client/convert.ts";
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
export { type OwnRow, type RowScope, ownRows, readRows } from "./reads/rows.ts";
export { Http, type HttpOptions } from "./client/http.ts";
export { marker, ownerTag } from "./marker.ts";
export {
  LISTING_TYPES,
  type Listing,
  type ListingType,
  type Network,
  type Price,
  type Pricing,
  type Row,
  STATES,
  type SkippedEntry,
  type Wallet,
  type WalletType,
  type X402Source,
  isBurnable,
  isLeaving,
  isLive,
  isOver,
  isPending,
  isSettled,
  isUpdatable,
} from "./model.ts";
export { queueSeconds, waitMinutesFor } from "./rules/queue.ts";
export { type Change, type RecoverFrom, decideChange, decideCreate } from "./rules/decisions.ts";
export { type Probed, probeRegistered } from "./probe/probe.ts";
export type { ApiKeyStatus, PaymentSource } from "./client/wire.ts";
