/** Who hears of a list that takes long to read. */
export interface SlowListOptions {
  /** Called after five seconds, and every five seconds from then on, with what is being waited for. */
  readonly onSlow?: ((waitingFor: string) => void) | undefined;
  /** Default: 5000. */
  readonly slowAfterMs?: number | undefined;
}

/** Reads something that may take long; `read` calls its argument before it requests a page of it. */
export async function watchList<T>(
  { onSlow, slowAfterMs = 5_000 }: SlowListOptions,
  what: string,
  read: (onPage: () => void) => Promise<T>,
): Promise<T> {
  let page = 0;
  const where = () => (page > 0 ? `, page ${page}` : "");
  const timer = setInterval(() => onSlow?.(`still reading ${what}${where()} …`), slowAfterMs);
  try {
    return await read(() => (page += 1));
  } finally {
    clearInterval(timer);
  }
}
