import type { Queries } from "../../database/database.ts";
import type { Standing } from "./standing.ts";

/** What is known of a user at Stripe. */
export interface CustomerRow extends Standing {
  readonly userId: string;
  /** Null until Stripe has answered. */
  readonly customer: string | null;
  readonly attempt: number;
  readonly heard: number;
  readonly seen: number;
  readonly revision: number;
  readonly readAt: Date | null;
  readonly sentAt: Date | null;
}

const COLUMNS = `user_id AS "userId", customer, attempt, heard, seen, revision, read_at AS "readAt", sent_at AS "sentAt",
  subscription, status, plan, allowed, unpaid_since AS "unpaidSince"`;

/** So long Stripe sends a webhook again that was not answered; nothing older is signed anew. */
const EVENTS_KEPT = "30 days";

/** The users' customers at Stripe: the table portal_billing_customers. */
export class Customers {
  readonly #queries: Queries;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  async of(userId: string): Promise<CustomerRow | undefined> {
    return this.#one(`SELECT ${COLUMNS} FROM portal_billing_customers WHERE user_id = $1`, [userId]);
  }

  /** Makes the row in which the customer will be kept, unless it is there. */
  async reserve(userId: string): Promise<CustomerRow> {
    await this.#queries.query(
      "INSERT INTO portal_billing_customers (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING",
      [userId],
    );
    const row = await this.of(userId);
    if (row === undefined) throw new Error(`the row of the customer ${userId} is gone`);
    return row;
  }

  /** Keeps the customer that an attempt made; of two that do so at once the first one counts. */
  async keep(userId: string, attempt: number, customer: string): Promise<void> {
    await this.#queries.query(
      `UPDATE portal_billing_customers SET customer = $3
       WHERE user_id = $1 AND attempt = $2 AND customer IS NULL`,
      [userId, attempt, customer],
    );
  }

  /** Forgets a customer that Stripe does not have, or an attempt that it failed, so that the next one makes another. */
  async startOver({ userId, attempt }: Pick<CustomerRow, "userId" | "attempt">): Promise<void> {
    await this.#queries.query(
      `UPDATE portal_billing_customers
       SET customer = NULL, attempt = attempt + 1, revision = revision + 1, read_at = NULL,
           subscription = NULL, status = 'none', plan = NULL, allowed = 0, unpaid_since = NULL
       WHERE user_id = $1 AND attempt = $2`,
      [userId, attempt],
    );
  }

  async wasSent(userId: string, at: Date): Promise<void> {
    await this.#queries.query("UPDATE portal_billing_customers SET sent_at = $2 WHERE user_id = $1", [
      userId,
      at,
    ]);
  }

  /**
   * Notes that something was heard of a customer. Both or neither: that the event came, and that Stripe is to be asked.
   *
   * @returns the user, if the event is new and its customer is known
   */
  async hear(event: string, type: string, customer: string): Promise<string | undefined> {
    const rows = await this.#queries.query<{ userId: string }>(
      `WITH fresh AS (
         INSERT INTO portal_billing_events (id, type, customer) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO NOTHING RETURNING id
       )
       UPDATE portal_billing_customers SET heard = heard + 1
       WHERE customer = $3 AND EXISTS (SELECT 1 FROM fresh) RETURNING user_id AS "userId"`,
      [event, type, customer],
    );
    return rows[0]?.userId;
  }

  /**
   * Writes what Stripe said, unless another answer was written since the row was read: then this one may be the older.
   *
   * @returns the new row; undefined if it must be asked again
   */
  async write(row: CustomerRow, standing: Standing, readAt: Date): Promise<CustomerRow | undefined> {
    const { subscription, status, plan, allowed, unpaidSince } = standing;
    return this.#one(
      `UPDATE portal_billing_customers
       SET seen = $3, revision = revision + 1, read_at = $4,
           subscription = $5, status = $6, plan = $7, allowed = $8, unpaid_since = $9
       WHERE user_id = $1 AND revision = $2 RETURNING ${COLUMNS}`,
      [row.userId, row.revision, row.heard, readAt, subscription, status, plan, allowed, unpaidSince],
    );
  }

  /**
   * Returns the customers of whom Stripe must say something before anybody can tell whether their grace period is over, or of whom
   * it is known to be over; those first that were asked about longest ago.
   */
  async due(
    dates: { readonly unpaidBefore: Date; readonly readBefore: Date },
    among: readonly string[] | undefined,
    most: number,
  ): Promise<readonly CustomerRow[]> {
    return this.#queries.query<CustomerRow>(
      `SELECT ${COLUMNS} FROM portal_billing_customers
       WHERE customer IS NOT NULL
         AND (heard > seen OR read_at IS NULL OR read_at < $1 OR unpaid_since <= $2)
         AND ($3::text[] IS NULL OR user_id = ANY ($3::text[]))
       ORDER BY read_at NULLS FIRST, user_id LIMIT $4`,
      [dates.readBefore, dates.unpaidBefore, among ?? null, most],
    );
  }

  /** Forgets events that Stripe does not send again. */
  async forgetOldEvents(): Promise<void> {
    await this.#queries.query(
      `DELETE FROM portal_billing_events WHERE received_at < now() - interval '${EVENTS_KEPT}'`,
    );
  }

  async #one(sql: string, parameters: readonly unknown[]): Promise<CustomerRow | undefined> {
    return (await this.#queries.query<CustomerRow>(sql, parameters))[0];
  }
}
