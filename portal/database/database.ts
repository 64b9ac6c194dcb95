/** What a query returns for each row, by the columns' names. */
export type Row = Record<string, unknown>;

/** What can be asked of the database, within a transaction or outside of one. */
export interface Queries {
  query<T extends object = Row>(sql: string, parameters?: readonly unknown[]): Promise<T[]>;
}

/** A lock that ends with whoever holds it: when it is released, or at the latest when its process ends. */
export interface HeldLock {
  /** Aborts when the lock is lost, because the connection that holds it broke. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** The portal's database: a PostgreSQL server, or one embedded in this process. Both get the same SQL. */
export interface Database extends Queries {
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  /** Returns undefined if another holds the lock, on whatever machine. */
  tryLock(name: string): Promise<HeldLock | undefined>;
  /** Hears what is notified on a channel until the returned function is called; what happened while the connection was broken is not told. */
  listen(channel: string, heard: (payload: string) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}
