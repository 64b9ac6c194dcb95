/** What a sign-in left behind. In the tab's own storage: it ends with the tab, and is never part of an address. */
export interface Tokens {
  readonly access: string;
  readonly refresh?: string | undefined;
  /** Milliseconds since 1970; absent: not told. */
  readonly expiresAt?: number | undefined;
}

const KEY = "masumi.tokens";

export function keptTokens(): Tokens | undefined {
  const text = sessionStorage.getItem(KEY);
  return text === null ? undefined : (JSON.parse(text) as Tokens);
}

export function keepTokens(tokens: Tokens | undefined): void {
  if (tokens) sessionStorage.setItem(KEY, JSON.stringify(tokens));
  else sessionStorage.removeItem(KEY);
}
