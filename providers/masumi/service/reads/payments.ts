import type { ListScope, MasumiClient, PaymentList } from "../client/client.ts";
import type { Row } from "../model.ts";
import { withoutVersion } from "../rules/identifier.ts";
import type { Payment } from "../client/wire.ts";

/*
 * Which payments prevent an agent from being deregistered. Its buyers' money is in the payment contract, not with the token, so
 * burning the token takes none of it. What it would destroy is work: a job that is paid but not delivered, or one that is
 * ordered and may still be paid by a buyer who does not know that the agent is leaving.
 */

/** A payment that prevents its agent from being deregistered. */
export interface OpenPayment {
  readonly id: string;
  /** The service's on-chain state, or "not paid yet". */
  readonly state: string;
  /** Unix milliseconds after which it no longer matters; undefined if the service does not say. */
  readonly until: number | undefined;
}

/**
 * The on-chain states of a payment (release 0.28), each with the time until which the agent still owes something, according to
 * the contracts' state machine in that release.
 */
const OWED_UNTIL: Readonly<Record<string, ((payment: Payment) => string | null | undefined) | "nothing">> = {
  /** Paid. The result may be submitted until submitResultTime; afterwards the buyer can withdraw the money alone. */
  FundsLocked: (payment) => payment.submitResultTime,
  /** The buyer wants the money back, but a result in time still turns that into a dispute. */
  RefundRequested: (payment) => payment.submitResultTime,
  /** Delivered and disputed. The seller may deliver again or give in until the network's admins may decide. */
  Disputed: (payment) => payment.externalDisputeUnlockTime,
  /** Delivered. The service withdraws the money itself, with the wallet's key. */
  ResultSubmitted: "nothing",
  /** Wrong amount or data: the agent never has to work for it. */
  FundsOrDatumInvalid: "nothing",
  /** One side has given in: only the withdrawal is left. */
  WithdrawAuthorized: "nothing",
  RefundAuthorized: "nothing",
  Withdrawn: "nothing",
  RefundWithdrawn: "nothing",
  DisputedWithdrawn: "nothing",
};

/**
 * A transaction sent in time may become visible this much later, and the clocks of chain, service and this machine differ.
 */
const GRACE_MS = 10 * 60_000;

/**
 * Returns what a payment still requires of its agent at `now` (Unix milliseconds); undefined if nothing. `requestedAction` is
 * irrelevant: it says what the service does next, and every action that needs the agent belongs to one of the states above. An
 * unknown state counts as open.
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

/** Only ordered: a buyer may pay until payByTime. Releases before 0.21 lack it, but have a deadline for the result. */
const toPayBy = ({ payByTime, submitResultTime }: Payment) => payByTime ?? submitResultTime;

/** Returns whether a payment belongs, or may belong, to an agent: old releases return the wallet at most, not the agent. */
export function isPaymentOf(row: Row, { agentIdentifier, SmartContractWallet }: Payment): boolean {
  if (agentIdentifier) {
    // A payment keeps the identifier of its time.
    return withoutVersion(agentIdentifier, row) === withoutVersion(row.agentIdentifier, row);
  }
  return !SmartContractWallet || SmartContractWallet.walletVkey === row.walletVkey;
}

/** The payments of one network and payment source type, read completely and shared by concurrent callers. */
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
   * Returns an agent's open payments, from a read that was started at most `maxAgeMs` ago.
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

/** Returns a readable list with id, state and time of the first ten. */
export function describePayments(open: readonly OpenPayment[]): string {
  const lines = open
    .slice(0, SHOWN)
    .map(
      ({ id, state, until }) => `${id} (${state}${until ? `, until ${new Date(until).toISOString()}` : ""})`,
    );
  const more = open.length > SHOWN ? [`${open.length - SHOWN} more`] : [];
  return [...lines, ...more].join(", ");
}

/** Returns when none of them matters any more, as ISO-8601; "" if one of them has no end. */
export function drainedBy(open: readonly OpenPayment[]): string {
  const times = open.map(({ until }) => until);
  if (times.some((time) => time === undefined)) return "";
  return new Date(Math.max(...times.map((time) => (time ?? 0) + GRACE_MS))).toISOString();
}
