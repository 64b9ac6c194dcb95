import { ProblemError, UnreachableError, problemOf } from "./problem.ts";

/** Where a request's token comes from, and what happens if it is no longer good. */
export interface Credentials {
  /** Returns a token that is good for now; may fetch a new one. */
  token(): Promise<string | undefined>;
  refused(): void;
}

export interface Asking {
  readonly signal?: AbortSignal | undefined;
  /** @default 30 */
  readonly seconds?: number;
}

export interface Client {
  readonly credentials: Credentials;
  get<T>(path: string, asking?: Asking): Promise<T>;
  /** Sends JSON, or nothing. */
  send<T>(method: "POST" | "DELETE", path: string, body?: unknown, asking?: Asking): Promise<T>;
}

export function createClient(credentials: Credentials): Client {
  async function ask<T>(path: string, init: RequestInit, { signal, seconds = 30 }: Asking): Promise<T> {
    const token = await credentials.token();
    const headers = new Headers(init.headers);
    headers.set("Accept", "application/json");
    if (token !== undefined) headers.set("Authorization", `Bearer ${token}`);
    const limits = [AbortSignal.timeout(seconds * 1000), ...(signal ? [signal] : [])];
    let response: Response;
    let body: string;
    try {
      response = await fetch(path, { ...init, headers, signal: AbortSignal.any(limits) });
      body = await response.text();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new UnreachableError();
    }
    if (response.status === 401 && token !== undefined) credentials.refused();
    if (!response.ok) throw new ProblemError(problemOf(response.status, body));
    return (body === "" ? undefined : JSON.parse(body)) as T;
  }
  return {
    credentials,
    get: (path, asking = {}) => ask(path, {}, asking),
    send(method, path, body, asking = {}) {
      const content =
        body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
      return ask(path, { method, ...content }, asking);
    },
  };
}
