import type { z } from "zod";
import {
  type Dialect,
  dialectOf,
  fromEntry,
  pageSize,
  toDeregisterCall,
  toPaymentSourceType,
} from "./convert.ts";
import { MasumiError, ServiceError } from "../errors.ts";
import { Http, type HttpOptions, type SendOptions } from "./http.ts";
import type { Network, Row, WalletType } from "../model.ts";
import { readAllPages } from "./paging.ts";
import {
  type ApiKeyStatus,
  type DeregisterBody,
  type PaymentSource,
  type RegisterBody,
  TOKEN_NOT_FOUND,
  type UpdateBody,
  type Payment,
  apiDocs,
  apiKeyStatus,
  balance,
  paymentCount,
  paymentList,
  paymentSourceList,
  registryCount,
  registryEntry,
  registryList,
  success,
  walletTokens,
} from "./wire.ts";

export interface ListScope {
  readonly network: Network;
  /** The service lists V1 and V2 registrations apart. */
  readonly type: WalletType;
}

export interface PaymentList {
  readonly payments: readonly Payment[];
  /** The service's clock when it was read, in Unix milliseconds. */
  readonly serverTime: number | undefined;
}

interface Signalled {
  readonly signal?: AbortSignal | undefined;
}

/**
 * The Masumi payment service, one method per route that a provisioner needs.
 *
 * Every method may throw ServiceError (no usable answer; `unclear` after a write that may have happened)
 * and RefusedError (the service said no). Reads are tried again by themselves, writes never.
 */
export class MasumiClient {
  readonly #http: Http;
  #dialect: Promise<Dialect> | undefined;

  /** @throws SettingsError if the URL is none, or is plain http to another machine */
  constructor(options: HttpOptions) {
    this.#http = new Http(options);
  }

  /** What the API key may do. */
  async apiKeyStatus({ signal }: Signalled = {}): Promise<ApiKeyStatus> {
    return this.#get("/api-key-status", {}, apiKeyStatus, signal);
  }

  /** Which release speaks, from its list of routes (asked once; nothing is tried out on live routes). */
  async apiDocs(): Promise<Dialect> {
    this.#dialect ??= this.#readDialect();
    return this.#dialect;
  }

  async #readDialect(): Promise<Dialect> {
    try {
      const { body } = await this.#http.get(this.#http.docsUrl());
      const docs = apiDocs.safeParse(body);
      return dialectOf(docs.success ? Object.keys(docs.data.paths) : undefined);
    } catch (error) {
      // A proxy that passes on the API alone hides the list; only a service that is not there is an error.
      if (error instanceof MasumiError && error.status !== undefined && error.status < 500) {
        return dialectOf(undefined);
      }
      this.#dialect = undefined;
      throw error;
    }
  }

  /** The service's payment sources on the networks of the key. */
  async paymentSources({ signal }: Signalled = {}): Promise<PaymentSource[]> {
    return readAllPages({
      limit: 100,
      isLimitFree: true,
      fetch: async (cursorId, take) => {
        const query = { take, cursorId };
        return (await this.#get("/payment-source", query, paymentSourceList, signal)).PaymentSources;
      },
    });
  }

  /** Confirmed lovelace at an address; 0 for one that was never used. */
  async balanceLovelace(network: Network, address: string, { signal }: Signalled = {}): Promise<bigint> {
    const { Balance } = await this.#get("/balance", { network, address }, balance, signal);
    const lovelace = Balance.find(({ unit }) => unit === "lovelace" || unit === "");
    return BigInt(lovelace?.quantity ?? 0);
  }

  /** Every registration of the scope, newest first; complete or an error, however the list changes meanwhile. */
  async listAll(scope: ListScope, options: Signalled = {}): Promise<Row[]> {
    return this.#list(scope, {}, options);
  }

  /**
   * The registrations of the scope that a search finds: by a marker, or by a wallet's address. Releases
   * without search list everything, so the caller still picks out what it meant.
   */
  async listOwn(scope: ListScope & { readonly search: string }, options: Signalled = {}): Promise<Row[]> {
    return this.#list(scope, { searchQuery: scope.search }, options);
  }

  async #list(scope: ListScope, filter: { searchQuery?: string }, { signal }: Signalled): Promise<Row[]> {
    const dialect = await this.apiDocs();
    const { network, type } = scope;
    if (type === "V2" && !dialect.hasV2) return [];
    const typeFilter = dialect.hasV2 ? { filterPaymentSourceType: toPaymentSourceType(type) } : {};
    const isCounted = dialect.hasSearch && filter.searchQuery === undefined;
    const entries = await readAllPages({
      limit: pageSize(dialect),
      isLimitFree: dialect.hasSearch,
      fetch: async (cursorId, limit) => {
        const query = {
          network,
          ...typeFilter,
          ...(dialect.hasSearch ? { limit, ...filter } : {}),
          cursorId,
        };
        return (await this.#get("/registry", query, registryList, signal)).Assets;
      },
      ...(isCounted
        ? {
            count: async () =>
              (await this.#get("/registry/count", { network, ...typeFilter }, registryCount, signal)).total,
          }
        : {}),
    });
    return entries.map(fromEntry);
  }

  /**
   * The registrations of the scope whose state changed at or after `since` (ISO-8601, the service's clock).
   * Undefined when the release has no such route, or so many changed that only reading all of them is certain.
   */
  async listChanged(
    { network, type }: ListScope,
    since: string,
    { signal }: Signalled = {},
  ): Promise<Row[] | undefined> {
    const dialect = await this.apiDocs();
    if (!dialect.hasChanges) return undefined;
    const limit = 100;
    const query = {
      network,
      limit,
      lastUpdate: since,
      ...(dialect.hasV2 ? { filterPaymentSourceType: toPaymentSourceType(type) } : {}),
    };
    const { Assets } = await this.#get("/registry/diff", query, registryList, signal);
    return Assets.length < limit ? Assets.map(fromEntry) : undefined;
  }

  /** Every payment of the scope, newest first, in any state; complete or an error. Requests: pages of 100. */
  async listPayments({ network, type }: ListScope, { signal }: Signalled = {}): Promise<PaymentList> {
    const dialect = await this.apiDocs();
    const scope = {
      network,
      ...(dialect.hasV2 ? { filterPaymentSourceType: toPaymentSourceType(type) } : {}),
    };
    let serverTime: number | undefined;
    const payments = await readAllPages({
      limit: 100,
      isLimitFree: true,
      fetch: async (cursorId, limit) => {
        const url = this.#http.urlOf("/payment");
        const answer = await this.#http.get(url, { ...scope, limit, cursorId }, { signal });
        serverTime = answer.serverTime;
        return readAnswer(`[GET] ${url}`, answer.body, paymentList, false).Payments;
      },
      ...(dialect.hasSearch
        ? { count: async () => (await this.#get("/payment/count", scope, paymentCount, signal)).total }
        : {}),
    });
    return { payments, serverTime };
  }

  /**
   * Identifiers of the agents whose tokens the chain shows at a selling wallet. The service asks the chain once for
   * each of them.
   */
  async tokensAt(
    wallet: { readonly network: Network; readonly vkey: string; readonly contract: string | undefined },
    { signal }: Signalled = {},
  ): Promise<ReadonlySet<string>> {
    const { network, vkey: walletVkey, contract: smartContractAddress } = wallet;
    const query = { network, walletVkey, smartContractAddress };
    const url = this.#http.urlOf("/registry/wallet");
    try {
      const { body } = await this.#http.get(url, query, { signal, tries: 1 });
      const { Assets } = readAnswer(`[GET] ${url}`, body, walletTokens, false);
      return new Set(Assets.map(({ agentIdentifier }) => agentIdentifier));
    } catch (error) {
      // What the service says of a wallet that holds no token at all.
      if (error instanceof MasumiError && error.serviceMessage === TOKEN_NOT_FOUND) return new Set();
      throw error;
    }
  }

  /** Costs a fee and locks 5 ADA. Not idempotent: the same body twice is two registrations. */
  async register(body: RegisterBody, options: SendOptions = {}): Promise<Row> {
    return this.#send("POST", "/registry", body, options);
  }

  /** Costs a fee. V2 only. */
  async update(body: UpdateBody, options: SendOptions = {}): Promise<Row> {
    return this.#send("POST", "/registry/update", body, options);
  }

  /** Costs a fee and burns the token. */
  async deregister(body: DeregisterBody, options: SendOptions = {}): Promise<Row> {
    const call = toDeregisterCall(await this.apiDocs(), body);
    return this.#send(call.method, call.path, call.body, options);
  }

  /**
   * Removes a row that has nothing on the chain; needs an admin key. Up to 0.21 this verb deregisters
   * (and knows no ids), so nothing is sent there. Returns whether the row was removed.
   */
  async deleteRow(id: string, options: SendOptions = {}): Promise<boolean> {
    if (!(await this.apiDocs()).deregistersByPost) return false;
    await this.#send("DELETE", "/registry", { id }, options);
    return true;
  }

  async #get<T>(
    path: string,
    query: Record<string, string | number | undefined>,
    schema: z.ZodType<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const { body } = await this.#http.get(this.#http.urlOf(path), query, { signal });
    return readAnswer(`[GET] ${this.#http.urlOf(path)}`, body, schema, false);
  }

  async #send(method: "POST" | "DELETE", path: string, body: unknown, options: SendOptions): Promise<Row> {
    const answer = await this.#http.send(method, this.#http.urlOf(path), body, options);
    return fromEntry(readAnswer(`[${method}] ${this.#http.urlOf(path)}`, answer.body, registryEntry, true));
  }
}

function readAnswer<T>(label: string, body: unknown, schema: z.ZodType<T>, unclear: boolean): T {
  const envelope = success.safeParse(body);
  const checked = schema.safeParse(envelope.data?.data);
  if (envelope.success && checked.success) return checked.data;
  const [issue] = (envelope.error ?? checked.error)?.issues ?? [];
  const where = issue ? ` (${issue.path.map(String).join(".")}: ${issue.message})` : "";
  throw new ServiceError({
    code: "ANSWER_UNEXPECTED",
    what: `${label}: the answer is not one that a Masumi payment service gives${where}.`,
    unclear,
  });
}
