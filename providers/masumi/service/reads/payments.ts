import type { ListScope, MasumiClient, PaymentList } from "../client/client.ts";
import type { Row, WalletType } from "../model.ts";
import type { Payment } from "../client/wire.ts";

/*
 * Which payments keep an agent from being deregistered. Its buyers' money lies in the payment contract and not at
 * the token, so a burn takes none of it. What a burn would spoil is work: a job that is paid and not delivered, or
 * one that is ordered and may still be paid by a buyer who does not know that the agent is leaving.
 */

/** A payment that keeps its agent from being deregistered. */
export interface OpenPayment {
  readonly id: string;
  /** The service's on-chain state, or "not paid yet". */
  readonly state: string;
  /** Unix milliseconds after which it no longer matters; undefined if the service does not tell. */
  readonly until: number | undefined;
}

/**
 * The on-chain states of a payment (release 0.28), each with the time up to which the agent still owes something.
 * What a state allows whom to do until when is read from the contracts' state machine of that release.
 */
const OWED_UNTIL: Readonly<Record<string, ((payment: Payment) => string | null | undefined) | "nothing">> = {
  /** Paid. The result may be submitted until submitResultTime; afterwards the buyer takes the money back alone. */
  FundsLocked: (payment) => payment.submitResultTime,
  /** The buyer wants the money back, but a result in time still turns that into a dispute. */
  RefundRequested: (payment) => payment.submitResultTime,
  /** Delivered and disputed. The seller may deliver again or give in, until the network's admins may decide. */
  Disputed: (payment) => payment.externalDisputeUnlockTime,
  /** Delivered. Withdrawing the money is the service's own work, with the wallet's key. */
  ResultSubmitted: "nothing",
  /** Wrong money or data: the service never asks the agent to work for it. */
  FundsOrDatumInvalid: "nothing",
  /** One side has given in: what is left is a withdrawal. */
  WithdrawAuthorized: "nothing",
  RefundAuthorized: "nothing",
  Withdrawn: "nothing",
  RefundWithdrawn: "nothing",
  DisputedWithdrawn: "nothing",
};

/**
 * A transaction sent in time may be seen this much later, and clocks differ: the chain's, the service's and ours.
 */
const GRACE_MS = 10 * 60_000;

/**
 * What a payment still asks of its agent at `now` (Unix milliseconds); undefined if nothing. `requestedAction` plays
 * no part: it says what the service does next, and every action that needs the agent belongs to one of the states
 * above. A state that is not known here counts as open.
 */
export function openPayment(payment: Payment, now: number): OpenPayment | undefined {
  const { id, onChainState } = payment;
  const owed = onChainState ? OWED_UNTIL[onChainState] : toPayBy;
  if (owed === "nothing") return undefined;
  const time = owed?.(payment);
  const until = time ? Number(time) : undefined;
  if (until !== undefined && until + GRACE_MS < now) return undefined;
  return { id, state: onChainState ?? "not paid yet", until };
}

/** Ordered only: a buyer may pay until payByTime. Releases before 0.21 have no such time, but a result has its own. */
const toPayBy = ({ payByTime, submitResultTime }: Payment) => payByTime ?? submitResultTime;

/** The last three bytes of a V2 identifier count its updates; payments keep the identifier of their day. */
const VERSION_LENGTH = 6;
const withoutVersion = (identifier: string, type: WalletType) =>
  type === "V2" ? identifier.slice(0, -VERSION_LENGTH) : identifier;

/** Whether a payment is the row's agent's, or may be: a release that does not name the agent names the wallet at most. */
export function isPaymentOf(row: Row, { agentIdentifier, SmartContractWallet }: Payment): boolean {
  if (agentIdentifier) {
    return withoutVersion(agentIdentifier, row.type) === withoutVersion(row.agentIdentifier, row.type);
  }
  return !SmartContractWallet || SmartContractWallet.walletVkey === row.walletVkey;
}

/** The payments of one network and payment source type, read whole and shared by everyone who asks at the same time. */
export class PaymentView {
  readonly #client: MasumiClient;
  readonly #scope: ListScope;
  #list: Promise<PaymentList> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(client: MasumiClient, scope: ListScope) {
    this.#client = client;
    this.#scope = scope;
  }

  /**
   * The open payments of a row's agent, from a reading begun at most `maxAgeMs` ago.
   *
   * @throws ServiceError, RefusedError
   */
  async openOf(row: Row, maxAgeMs: number): Promise<OpenPayment[]> {
    if (Date.now() - this.#readAt > maxAgeMs) this.#list = undefined;
    if (!this.#list) {
      this.#readAt = Date.now();
      this.#list = this.#client.listPayments(this.#scope);
      this.#list.catch(() => (this.#list = undefined));
    }
    const { payments, serverTime } = await this.#list;
    // The earlier clock keeps a payment open for longer.
    const now = Math.min(Date.now(), serverTime ?? Date.now());
    return payments
      .filter((payment) => isPaymentOf(row, payment))
      .flatMap((payment) => openPayment(payment, now) ?? []);
  }
}

const SHOWN = 10;

/** The list for people: id, state and time of each, the first ten of many. */
export function describePayments(open: readonly OpenPayment[]): string {
  const lines = open
    .slice(0, SHOWN)
    .map(
      ({ id, state, until }) => `${id} (${state}${until ? `, until ${new Date(until).toISOString()}` : ""})`,
    );
  const more = open.length > SHOWN ? [`${open.length - SHOWN} more`] : [];
  return [...lines, ...more].join(", ");
}

/** When the last of them no longer matters, as ISO-8601; "" if one of them has no end. */
export function drainedBy(open: readonly OpenPayment[]): string {
  const times = open.map(({ until }) => until);
  if (times.some((time) => time === undefined)) return "";
  return new Date(Math.max(...times.map((time) => (time ?? 0) + GRACE_MS))).toISOString();
}
