import { ServiceError } from "../errors.ts";

const ATTEMPTS = 3;
/** Page boundaries move by this much from attempt to attempt, so they fall between other rows. */
const BORDER_SHIFT = 7;

export interface Pages<T> {
  /** Fetches the page that begins with the row `cursorId`, or the first one. */
  readonly fetch: (cursorId: string | undefined, limit: number) => Promise<T[]>;
  /** Rows of a full page. */
  readonly limit: number;
  /** Whether the service accepts other limits. */
  readonly isLimitFree: boolean;
  /** Returns the number of rows, if the service supports that. */
  readonly count?: (() => Promise<number>) | undefined;
  /** Called if the list still lacks rows that the count has. Without it such a list is an error. */
  readonly onShort?: ((missing: number) => void) | undefined;
}

/**
 * Reads a list to its end, in the service's order.
 *
 * The service's cursor is inclusive (its row comes first again). If the cursor's row is gone, or no longer matches the filter,
 * the service returns an empty page that looks like the end, so the list is read again. Rows of the same instant have no fixed
 * order, so a page boundary among them may hide one. Every list, also one of a single page, is therefore compared with the
 * service's own count, and read again with other boundaries if rows are missing.
 *
 * @throws ServiceError LIST_UNSTABLE if a cursor's row vanishes every time, or rows are missing and there is no `onShort`
 */
export async function readAllPages<T extends { readonly id: string }>(pages: Pages<T>): Promise<T[]> {
  const found = new Map<string, T>();
  let wasRead = false;
  let missing = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const limit = pages.isLimitFree ? pages.limit - attempt * BORDER_SHIFT : pages.limit;
    const first = await pages.fetch(undefined, limit);
    const expected = (await pages.count?.()) ?? 0;
    if (first.length < limit && first.length >= expected) return first;
    const rows = await readOnce(pages.fetch, limit);
    for (const row of rows ?? []) found.set(row.id, row);
    wasRead ||= rows !== undefined;
    missing = expected - found.size;
    if (rows && missing <= 0) return [...found.values()];
  }
  if (!wasRead) {
    throw unstable(
      `could not be read to its end in ${ATTEMPTS} attempts, because entries disappeared while it was being read`,
    );
  }
  if (missing > 0) {
    if (!pages.onShort) throw unstable(`lacks ${missing} of the entries that the service itself counts`);
    pages.onShort(missing);
  }
  return [...found.values()];
}

const unstable = (how: string) =>
  new ServiceError({ code: "LIST_UNSTABLE", what: `A list ${how}.`, unclear: false });

async function readOnce<T extends { readonly id: string }>(
  fetch: Pages<T>["fetch"],
  limit: number,
): Promise<T[] | undefined> {
  const found = new Map<string, T>();
  for (let cursor: string | undefined; ;) {
    const page = await fetch(cursor, limit);
    if (cursor !== undefined && page[0]?.id !== cursor) return undefined;
    const before = found.size;
    for (const row of page) found.set(row.id, row);
    const last = page.at(-1);
    if (last === undefined || page.length < limit || found.size === before) return [...found.values()];
    cursor = last.id;
  }
}
