import { MINIMUM_FUNDING_LOVELACE, type Operation, type PaymentSourceType } from "../chain/cardano.ts";
import type { Registration, RegistrationState } from "../store/registrations.ts";

// Times and texts as seen on the real service and its jobs; chain time in milliseconds.

export const SECOND = 1_000;
/** Every so often the service's jobs look for work, and, a little later, for what has been confirmed. */
const TICK = 15 * SECOND;
export const CONFIRMATION_OFFSET = 5 * SECOND;
/** A V1 row is Initiated a moment before its transaction is submitted. */
export const V1_SUBMIT_DELAY = 0.5 * SECOND;
export const BLOCK_TIME = 20 * SECOND;
/** A row must have been left alone for so long before the service looks at it again. */
export const CONFIRMATION_FLOOR = 60 * SECOND;
export const WALLET_LOCK = 300 * SECOND;
export const V2_BATCH = 5;
const CONFIRMATIONS = 8;
const BLOCK_ZERO = { height: 3_141_592, at: Date.parse("2026-01-01T00:00:00.000Z") };

/**
 * Fee of one transaction in lovelace, whatever the number of agents in it. Five of the six were seen on the real
 * service; the burn on V2 was not, and takes the figure of V1.
 */
export const FEE_LOVELACE: Record<PaymentSourceType, Record<Operation, number>> = {
  Web3CardanoV1: { Registration: 398_057, Update: 0, Deregistration: 353_617 },
  Web3CardanoV2: { Registration: 422_653, Update: 428_725, Deregistration: 353_617 },
};

export const EMPTY_WALLET =
  "No UTXOs found for the wallet. Hint: The wallet contains no UTxOs. Fund the wallet with ADA before retrying.";
export const REFUSED =
  "transaction submit error ShelleyTxValidationError BadInputsUTxO. Hint: A referenced UTxO has already been spent. Another transaction may have consumed it; wait for chain sync and retry.";

/** The first tick after a moment. */
export const tickAfter = (time: number) => (Math.floor(time / TICK) + 1) * TICK;
/** The first look for confirmations at or after a moment. */
export const confirmationFrom = (time: number) =>
  Math.ceil((time - CONFIRMATION_OFFSET) / TICK) * TICK + CONFIRMATION_OFFSET;

export const operationOf = (state: RegistrationState): Operation =>
  state.startsWith("Registration")
    ? "Registration"
    : state.startsWith("Update")
      ? "Update"
      : "Deregistration";

/** What a mint puts beside the token of an agent, in lovelace. */
export function fundingOf(row: Registration): number {
  return Math.max(MINIMUM_FUNDING_LOVELACE, Number(row.sendFundingLovelace ?? 0));
}

/** What the service notes of the block of a transaction that it confirms at a chain time. */
export const blockAt = (time: number, real: number) => ({
  confirmations: CONFIRMATIONS,
  blockHeight: BLOCK_ZERO.height + Math.max(0, Math.floor((time - BLOCK_ZERO.at) / BLOCK_TIME)),
  blockTime: Math.floor(real / SECOND),
});

/** Something that happens at a chain time. */
export interface ChainEvent {
  readonly at: number;
  readonly run: () => void;
  /** A deadline must really pass for it: even an instant chain waits. */
  readonly waits?: boolean;
}
