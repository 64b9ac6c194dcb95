import { CONFIRMATION_OFFSET, SECOND } from "../chain/blocks.ts";
import { MINIMUM_FUNDING_LOVELACE, type Operation, type PaymentSourceType } from "../chain/cardano.ts";
import type { Registration, RegistrationState } from "../store/registrations.ts";

// Times and texts as seen on the real service and its jobs; chain time in milliseconds.

/** How often the service's jobs look for work, and, a little later, for what has been confirmed. */
const TICK = 15 * SECOND;
/** A V1 row is Initiated a moment before its transaction is submitted. */
export const V1_SUBMIT_DELAY = 0.5 * SECOND;
/** A row must have been left alone for so long before the service looks at it again. */
export const CONFIRMATION_FLOOR = 60 * SECOND;
export const WALLET_LOCK = 300 * SECOND;
export const V2_BATCH = 5;

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
