import { createRemoteJWKSet, customFetch, type RemoteJWKSet } from "jose";
import { z } from "zod";
import { isLoopbackUrl } from "../../providers/common/loopback.ts";
import { IssuerUnreachableError } from "./errors.ts";

export interface KeyTimes {
  /** How long the issuer may take to answer. @default 5000 */
  readonly answerMs?: number;
  /** How long nobody asks again after a failed answer, or for a key that the issuer did not have. @default 10000 */
  readonly coolDownMs?: number;
  /** After that keys are fetched again, beside the requests that still use the old ones. @default 600000 */
  readonly refreshMs?: number;
  /** So long an issuer may be down before its keys count no more. @default 3600000 */
  readonly trustMs?: number;
}

const TIMES = { answerMs: 5_000, coolDownMs: 10_000, refreshMs: 600_000, trustMs: 3_600_000 };

const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });
const discovered = z.object({ issuer: z.string(), jwks_uri: z.url() });

/**
 * An issuer's keys: found by OpenID discovery, or at a URL that was set; fetched when first needed, kept, and fetched anew in the
 * background. A storm of tokens with made-up key ids, or an issuer that is down, costs a request per cool-down and no more.
 */
export class IssuerKeys {
  readonly #issuer: string;
  readonly #jwksUrl: string | undefined;
  readonly #times: Required<KeyTimes>;
  #keys: Promise<RemoteJWKSet> | undefined;
  #fetchedAt = 0;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(issuer: string, jwksUrl?: string, times: KeyTimes = {}) {
    this.#issuer = issuer;
    this.#jwksUrl = jwksUrl;
    this.#times = { ...TIMES, ...times };
  }

  /** @throws IssuerUnreachableError */
  async get(): Promise<RemoteJWKSet> {
    this.#keys ??= this.#make();
    try {
      const keys = await this.#keys;
      this.#refresh(keys);
      return keys;
    } catch (error) {
      this.#keys = undefined;
      throw new IssuerUnreachableError({ cause: error });
    }
  }

  async #make(): Promise<RemoteJWKSet> {
    const { answerMs, coolDownMs, trustMs } = this.#times;
    return createRemoteJWKSet(new URL(this.#jwksUrl ?? (await this.#discover())), {
      timeoutDuration: answerMs,
      cooldownDuration: coolDownMs,
      cacheMaxAge: trustMs,
      [customFetch]: (url, options) =>
        this.#asked(async () => {
          const answer = await fetch(url, options);
          if (!answer.ok) throw new Error(`the issuer's keys: HTTP ${answer.status}`);
          const keys = keySet.parse(await answer.json());
          this.#fetchedAt = performance.now();
          return Response.json(keys);
        }),
    });
  }

  #refresh(keys: RemoteJWKSet): void {
    const isDue = keys.jwks() !== undefined && performance.now() - this.#fetchedAt > this.#times.refreshMs;
    // Whoever fails here still has the old keys, and whoever needs new ones hears of the failure.
    if (isDue && !keys.reloading) void keys.reload().catch(() => undefined);
  }

  /** OpenID Connect Discovery 1.0, section 4: the document must name the very issuer that it was asked for. */
  #discover(): Promise<string> {
    return this.#asked(async () => {
      const base = this.#issuer.replace(/\/$/, "");
      const signal = AbortSignal.timeout(this.#times.answerMs);
      const answer = await fetch(`${base}/.well-known/openid-configuration`, { redirect: "manual", signal });
      // Older Supabase projects have keys, but no such document.
      if (answer.status === 404) return `${base}/.well-known/jwks.json`;
      if (!answer.ok) throw new Error(`OpenID discovery: HTTP ${answer.status}`);
      const { issuer, jwks_uri } = discovered.parse(await answer.json());
      if (issuer !== this.#issuer) throw new Error("OpenID discovery: the document is another issuer's");
      if (!isSafeUrl(jwks_uri)) throw new Error("OpenID discovery: jwks_uri is not https");
      return jwks_uri;
    });
  }

  /** Asks the issuer, unless it failed to answer a moment ago. */
  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    if (performance.now() - this.#failedAt < this.#times.coolDownMs)
      throw new Error("the issuer failed to answer a moment ago");
    try {
      return await ask();
    } catch (error) {
      this.#failedAt = performance.now();
      throw error;
    }
  }
}

/** Whether nobody on the way can put keys of their own into the answer. */
export const isSafeUrl = (url: string): boolean =>
  URL.canParse(url) && (new URL(url).protocol === "https:" || isLoopbackUrl(url));
