import { isLoopback } from "../../../common/loopback.ts";
import { redirectText } from "../../../common/redirect.ts";
import { Agent as HttpsAgent } from "node:https";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import axios, { HttpAgent } from "../../../common/axios.ts";
import { RefusedError, ServiceError, SettingsError, maskSecrets } from "../errors.ts";
import { ConcurrencyLimit } from "../../../common/concurrency-limit.ts";
import { failure } from "./wire.ts";

export interface HttpOptions {
  /** Whose API it is, as errors call it. Default: payment service. */
  readonly service?: string | undefined;
  /** Base URL of the API, ending in /api/v1: https, or plain http on this machine. */
  readonly url: string;
  /** API key; sent as the header `token` and nowhere else. */
  readonly token: string;
  /** Milliseconds until an answer must be complete. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Maximum number of concurrent requests. Default: 8 (each costs the service a password hash). */
  readonly fetchLimit?: number | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** The server's time in Unix milliseconds, if it sent it. */
  readonly serverTime: number | undefined;
}

export interface GetOptions {
  readonly signal?: AbortSignal | undefined;
  /** Including the first. Default: 4. */
  readonly tries?: number | undefined;
}

export interface SendOptions {
  readonly signal?: AbortSignal | undefined;
  /** Awaited immediately before the request is sent; if it throws, nothing is sent. */
  readonly beforeSend?: (() => Promise<void>) | undefined;
}

type Query = Readonly<Record<string, string | number | undefined>>;

interface Exchange {
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: string;
  readonly query?: Query | undefined;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly beforeSend?: (() => Promise<void>) | undefined;
}

const MAX_ANSWER_BYTES = 5 * 1024 * 1024;
const GET_TRIES = 4;
const FIRST_BACKOFF_MS = 300;
const MAX_BACKOFF_MS = 5_000;
/** If a server asks for a longer pause, its error is thrown. */
const MAX_RETRY_AFTER_SECONDS = 30;

/** Errors that occur before any byte of the request has left this machine. */
const NOT_SENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CERT_.+|UNABLE_TO_.+|SELF_SIGNED_.+|DEPTH_ZERO_.+|ERR_TLS_.+)$/;

function parseBase(url: string, service: string): URL {
  let base: URL;
  try {
    base = new URL(url);
  } catch {
    throw new SettingsError({ code: "SETTING_INVALID", what: `The ${service}'s address is not a URL.` });
  }
  const what = `The ${service}'s address is ${base.protocol}//${base.host}.`;
  if (base.username || base.password) {
    throw new SettingsError({
      code: "SETTING_INVALID",
      what: `${what} It contains credentials, which would show up in logs.`,
    });
  }
  if (base.protocol !== "https:" && !(base.protocol === "http:" && isLoopback(base.hostname))) {
    throw new SettingsError({ code: "INSECURE_URL", what });
  }
  base.pathname = base.pathname.replace(/\/+$/, "");
  return base;
}

/**
 * JSON over HTTP to a service of the network: timeouts, limits on the size of answers and on concurrent requests, retries only of
 * GET (a POST or DELETE may have had its effect), and errors that say what happened but never contain the key.
 */
export class Http {
  readonly #base: URL;
  readonly #token: string;
  readonly #timeoutMs: number;
  readonly #limit: ConcurrencyLimit;
  /** Connections are reused only for reads: a server may close an idle one just as a POST is sent on it. */
  readonly #reads = {
    httpAgent: new HttpAgent({ keepAlive: true }),
    httpsAgent: new HttpsAgent({ keepAlive: true }),
  };
  readonly #writes = { httpAgent: new HttpAgent(), httpsAgent: new HttpsAgent() };

  constructor({ service = "payment service", url, token, timeoutMs = 30_000, fetchLimit = 8 }: HttpOptions) {
    this.#base = parseBase(url, service);
    this.#token = token;
    this.#timeoutMs = timeoutMs;
    this.#limit = new ConcurrencyLimit(fetchLimit);
  }

  /** Returns the URL of a route of the API. */
  urlOf(path: string): string {
    return `${this.#base.href.replace(/\/$/, "")}${path}`;
  }

  /** Returns the URL of the service's list of routes, which is next to the API, not below it. */
  docsUrl(): string {
    return this.urlOf("").replace(/(\/api\/v1)?$/, "/api-docs");
  }

  /** Reads, with retries on network errors, 429 and 5xx, by default up to four attempts. @throws ServiceError, RefusedError */
  async get(url: string, query: Query = {}, { signal, tries = GET_TRIES }: GetOptions = {}): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#exchange({ method: "GET", url, query, signal });
      } catch (error) {
        const pause = attempt < tries ? pauseBeforeRetry(error, attempt) : undefined;
        if (pause === undefined) throw error;
        await delay(pause, undefined, { signal });
      }
    }
  }

  /** Writes, once. @throws ServiceError (see its `unclear`), RefusedError */
  async send(
    method: "POST" | "DELETE",
    url: string,
    body: unknown,
    options: SendOptions = {},
  ): Promise<Answer> {
    return this.#exchange({ method, url, body, ...options });
  }

  async #exchange(exchange: Exchange): Promise<Answer> {
    return this.#limit.run(async () => {
      await exchange.beforeSend?.();
      const timeout = AbortSignal.timeout(this.#timeoutMs);
      const signal = exchange.signal ? AbortSignal.any([timeout, exchange.signal]) : timeout;
      try {
        return await this.#transfer(exchange, signal);
      } catch (error) {
        if (error instanceof ServiceError || error instanceof RefusedError) throw error;
        exchange.signal?.throwIfAborted();
        throw this.#transportError(exchange, timeout.aborted, error);
      }
    });
  }

  async #transfer(exchange: Exchange, signal: AbortSignal): Promise<Answer> {
    const { method, url, query, body } = exchange;
    const response = await axios.request<Readable>({
      method,
      url,
      params: query,
      data: body,
      headers: { Accept: "application/json", token: this.#token },
      responseType: "stream",
      maxRedirects: 0,
      validateStatus: () => true,
      signal,
      ...(method === "GET" ? this.#reads : this.#writes),
      ...(isLoopback(this.#base.hostname) ? { proxy: false as const } : {}),
    });
    const text = await this.#readAll(exchange, response.data);
    const retryAfter = Number(response.headers["retry-after"]);
    const { status } = response;
    const redirect = redirectText(status, response.headers["location"]);
    if (redirect) {
      throw new RefusedError({
        code: "REQUEST_REFUSED",
        what: `${this.#label(exchange)}: status ${status}${redirect}.`,
        status,
      });
    }
    const answered = this.#judge(
      exchange,
      status,
      text,
      Number.isFinite(retryAfter) ? retryAfter : undefined,
    );
    const serverTime = Date.parse(String(response.headers["date"]));
    return { status, body: answered, serverTime: Number.isNaN(serverTime) ? undefined : serverTime };
  }

  async #readAll(exchange: Exchange, stream: Readable): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) {
        stream.destroy();
        throw this.#error(exchange, "ANSWER_TOO_LARGE", "the answer is larger than 5 MB.");
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  }

  #judge(exchange: Exchange, status: number, text: string, retryAfterSeconds?: number): unknown {
    const body = parseJson(text);
    const said = failure.safeParse(body);
    const serviceMessage = said.success ? maskSecrets(said.data.error.message, [this.#token]) : undefined;
    const details = { status, serviceMessage, retryAfterSeconds };
    if (status >= 500) throw this.#error(exchange, "SERVICE_FAILED", `status ${status}.`, details);
    // The gateway stopped waiting, but the service behind it may still carry out the request.
    if (status === 408) throw this.#error(exchange, "SERVICE_TIMEOUT", "status 408.", details);
    if (status >= 300) {
      throw new RefusedError({
        code: refusalCode(status),
        what: `${this.#label(exchange)}: status ${status}${retryAfterSeconds ? `, retry after ${retryAfterSeconds} s` : ""}.`,
        ...details,
      });
    }
    if (body === undefined) {
      throw this.#error(exchange, "ANSWER_NOT_JSON", `status ${status}, but the answer is not JSON.`, {
        status,
      });
    }
    return body;
  }

  #transportError(exchange: Exchange, timedOut: boolean, error: unknown): ServiceError {
    const reason = (error as { code?: unknown }).code;
    const code = typeof reason === "string" ? reason : "";
    if (timedOut) {
      return this.#error(exchange, "SERVICE_TIMEOUT", `no answer within ${this.#timeoutMs / 1000} s.`);
    }
    if (NOT_SENT.test(code)) return this.#error(exchange, "SERVICE_UNREACHABLE", `${code}.`);
    return this.#error(exchange, "ANSWER_LOST", `the connection was lost${code && ` (${code})`}.`);
  }

  #error(
    exchange: Exchange,
    code: ConstructorParameters<typeof ServiceError>[0]["code"],
    what: string,
    more: {
      status?: number;
      serviceMessage?: string | undefined;
      retryAfterSeconds?: number | undefined;
    } = {},
  ): ServiceError {
    return new ServiceError({
      code,
      what: `${this.#label(exchange)}: ${what}`,
      unclear: exchange.method !== "GET" && code !== "SERVICE_UNREACHABLE",
      ...more,
    });
  }

  #label({ method, url }: Exchange): string {
    return `[${method}] ${url}`;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusalCode(status: number) {
  if (status === 401) return "KEY_REFUSED";
  if (status === 403) return "OTHER_KEYS_ROW";
  if (status === 404) return "NOT_FOUND";
  if (status === 409) return "WRONG_STATE";
  if (status === 429) return "RATE_LIMITED";
  return "REQUEST_REFUSED";
}

/** Errors that the same request would meet again: the service gave this answer and means it. */
const LASTING: readonly string[] = ["ANSWER_TOO_LARGE", "ANSWER_UNEXPECTED"];

/** Returns whether an error may be temporary; 501 is a missing route. */
export function isPassing(error: unknown): error is ServiceError | RefusedError {
  if (!(error instanceof ServiceError)) return isRateLimit(error);
  return !LASTING.includes(error.code) && error.status !== 501;
}

const isRateLimit = (error: unknown): error is RefusedError =>
  error instanceof RefusedError && error.code === "RATE_LIMITED";

/** Returns the milliseconds to wait before retrying a read; undefined if retrying would not help. */
function pauseBeforeRetry(error: unknown, attempt: number): number | undefined {
  if (!isPassing(error)) return undefined;
  const asked = error.retryAfterSeconds ?? 0;
  if (asked > MAX_RETRY_AFTER_SECONDS) return undefined;
  const backoff =
    Math.min(FIRST_BACKOFF_MS * 2 ** (attempt - 1), MAX_BACKOFF_MS) * (0.75 + Math.random() / 2);
  return Math.max(asked * 1000, backoff);
}
