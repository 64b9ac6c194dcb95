// Times and texts as seen on the real chain, and on the real service where it looks at the chain; chain time in milliseconds.

export const SECOND = 1_000;
export const BLOCK_TIME = 20 * SECOND;
/** The service's jobs look for what has been confirmed a little later than for work. */
export const CONFIRMATION_OFFSET = 5 * SECOND;
const CONFIRMATIONS = 8;
const BLOCK_ZERO = { height: 3_141_592, at: Date.parse("2026-01-01T00:00:00.000Z") };

export const REFUSED =
  "transaction submit error ShelleyTxValidationError BadInputsUTxO. Hint: A referenced UTxO has already been spent. Another transaction may have consumed it; wait for chain sync and retry.";

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
