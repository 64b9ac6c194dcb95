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
import { RegistrationReader, describeIssue, paymentSourcesOf, paymentsOf } from "./entries.ts";
import type { Network, Row, SkippedEntry, WalletType } from "../model.ts";
import { readAllPages } from "./paging.ts";
import { type SlowListOptions, watchList } from "./slow-list.ts";
import {
  type ApiKeyStatus,
  type DeregisterBody,
  type PaymentSource,
  type RegisterBody,
  IDENTIFIER_NOT_FOUND,
  METADATA_NOT_FOUND,
  TOKEN_NOT_FOUND,
  agentMetadata,
  type UpdateBody,
  type Payment,
  apiDocs,
  apiKeyStatus,
  balance,
  lovelaceBalance,
  paymentCount,
  paymentList,
  paymentSourceList,
  registerDocs,
  registryCount,
  registryEntry,
  registryList,
  success,
  walletTokens,
} from "./wire.ts";

export interface ListScope {
  readonly network: Network;
  /** The service lists V1 and V2 registrations separately. */
  readonly type: WalletType;
}

export interface PaymentList {
  readonly payments: readonly Payment[];
  /** The service's time when the list was read, in Unix milliseconds. */
  readonly serverTime: number | undefined;
}

interface Signalled {
  readonly signal?: AbortSignal | undefined;
}

export interface ListOptions extends Signalled {
  /** Called if the list lacks rows that the service itself counts; without it such a list is an error. */
  readonly onShort?: ((missing: number) => void) | undefined;
  /** Called with each entry that cannot be understood, or is of an unknown type. */
  readonly onSkipped?: ((entry: SkippedEntry) => void) | undefined;
}

/** There is metadata, and the service cannot read it: it is malformed, or that of an agent of another type than it expects. */
export const UNREADABLE = "unreadable";
export type TagsOf = readonly string[] | typeof UNREADABLE;

/** The tokens of agents in a wallet, according to the chain: identifier -> tags. */
export type TokenTags = ReadonlyMap<string, readonly string[]>;

/**
 * Client of the Masumi payment service, with one method per route that a provisioner needs.
 *
 * Every method may throw ServiceError (no usable answer; `unclear` after a write that may have had an effect) and RefusedError
 * (the service said no). Reads are retried automatically, writes never.
 */
export class MasumiClient {
  readonly #http: Http;
  readonly #slow: SlowListOptions;
  readonly #registrations = new RegistrationReader();
  #dialect: Promise<Dialect> | undefined;

  /** @throws SettingsError if the URL is invalid, or plain http to another machine */
  constructor(options: HttpOptions & SlowListOptions) {
    this.#http = new Http(options);
    this.#slow = options;
  }

  /** Returns what the API key may do. */
  async apiKeyStatus({ signal }: Signalled = {}): Promise<ApiKeyStatus> {
    return this.#get("/api-key-status", {}, apiKeyStatus, signal);
  }

  /** Returns what the service's release can do, from its list of routes (requested once; live routes are not probed). */
  async apiDocs(): Promise<Dialect> {
    this.#dialect ??= this.#readDialect();
    return this.#dialect;
  }

  async #readDialect(): Promise<Dialect> {
    try {
      const { body } = await this.#http.get(this.#http.docsUrl());
      const docs = apiDocs.safeParse(body);
      if (!docs.success) return dialectOf(undefined);
      const { paths } = docs.data;
      return dialectOf(Object.keys(paths), registerDocs.safeParse(paths["/registry"]).data);
    } catch (error) {
      // A proxy that forwards only the API hides the list; only an unreachable service is an error.
      if (error instanceof MasumiError && error.status !== undefined && error.status < 500) {
        return dialectOf(undefined);
      }
      this.#dialect = undefined;
      throw error;
    }
  }

  /** Returns the service's payment sources on the networks of the key. */
  async paymentSources({ signal }: Signalled = {}): Promise<PaymentSource[]> {
    const sources = await readAllPages({
      limit: 100,
      isLimitFree: true,
      fetch: async (cursorId, take) => {
        const query = { take, cursorId };
        return (await this.#get("/payment-source", query, paymentSourceList, signal)).PaymentSources;
      },
    });
    return paymentSourcesOf(sources);
  }

  /** Returns the confirmed lovelace at an address; 0 for an unused one. */
  async balanceLovelace(network: Network, address: string, { signal }: Signalled = {}): Promise<bigint> {
    const { Balance } = await this.#get("/balance", { network, address }, balance, signal);
    const lovelace = Balance.find(({ unit }) => unit === "lovelace" || unit === "");
    if (!lovelace) return 0n;
    const label = `[GET] ${this.#http.urlOf("/balance")}`;
    return readData(label, lovelaceBalance.safeParse(lovelace), false).quantity;
  }

  /** Returns the units of all that is at an address, tokens included; none for an unused one. */
  async unitsAt(network: Network, address: string, { signal }: Signalled = {}): Promise<readonly string[]> {
    const { Balance } = await this.watch("what the wallet holds", () =>
      this.#get("/balance", { network, address }, balance, signal),
    );
    return Balance.flatMap(({ unit }) => (typeof unit === "string" ? [unit] : []));
  }

  /** Says, after five seconds, what is being waited for. */
  async watch<T>(what: string, read: () => Promise<T>): Promise<T> {
    return watchList(this.#slow, what, read);
  }

  /** Returns every registration of the scope, newest first, even if the list changes meanwhile; complete, or an error. */
  async listAll(scope: ListScope, options: ListOptions = {}): Promise<Row[]> {
    return this.#list(scope, {}, options);
  }

  /**
   * Returns the registrations of the scope that match a marker or a wallet's address. Releases without search return
   * everything, so callers must still filter.
   */
  async listOwn(scope: ListScope & { readonly search: string }, options: ListOptions = {}): Promise<Row[]> {
    return this.#list(scope, { searchQuery: scope.search }, options);
  }

  async #list(
    scope: ListScope,
    filter: { searchQuery?: string },
    { signal, onShort, onSkipped }: ListOptions,
  ): Promise<Row[]> {
    const dialect = await this.apiDocs();
    const { network, type } = scope;
    if (type === "V2" && !dialect.hasV2) return [];
    const typeFilter = dialect.hasV2 ? { filterPaymentSourceType: toPaymentSourceType(type) } : {};
    const isCounted = dialect.hasSearch && filter.searchQuery === undefined;
    const entries = await watchList(this.#slow, `the list of ${type} registrations`, (onPage) =>
      readAllPages({
        limit: pageSize(dialect),
        isLimitFree: dialect.hasSearch,
        fetch: async (cursorId, limit) => {
          onPage();
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
              onShort,
            }
          : {}),
      }),
    );
    const rows = this.#registrations.rowsOf(entries, onSkipped);
    // What the list was asked for says more than an entry, which may have no payment sources.
    return dialect.hasV2 ? rows.map((row) => ({ ...row, type })) : rows;
  }

  /**
   * Returns the registrations of the scope whose state changed at or after `since` (ISO-8601, the service's clock); undefined
   * if the release has no such route, or so many changed that only reading all of them is reliable.
   */
  async listChanged(
    { network, type }: ListScope,
    since: string,
    { signal, onSkipped }: ListOptions = {},
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
    return Assets.length < limit ? this.#registrations.rowsOf(Assets, onSkipped) : undefined;
  }

  /** Returns every payment of the scope in any state, newest first; complete or an error. Requests: pages of 100. */
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
    return { payments: paymentsOf(payments), serverTime };
  }

  /** Returns the agents whose tokens are in a selling wallet. The service queries the chain once for each of them. */
  async tokensAt(
    wallet: { readonly network: Network; readonly vkey: string; readonly contract: string | undefined },
    { signal }: Signalled = {},
  ): Promise<TokenTags> {
    const { network, vkey: walletVkey, contract: smartContractAddress } = wallet;
    const query = { network, walletVkey, smartContractAddress };
    const url = this.#http.urlOf("/registry/wallet");
    try {
      const { body } = await this.watch("the tokens in the wallet", () =>
        this.#http.get(url, query, { signal, tries: 1 }),
      );
      const { Assets } = readAnswer(`[GET] ${url}`, body, walletTokens, false);
      return new Map(
        Assets.flatMap(({ agentIdentifier, Metadata }) =>
          typeof agentIdentifier === "string" ? [[agentIdentifier, Metadata?.Tags ?? []] as const] : [],
        ),
      );
    } catch (error) {
      // The service's answer for a wallet without any token.
      if (error instanceof MasumiError && error.serviceMessage === TOKEN_NOT_FOUND) return new Map();
      throw error;
    }
  }

  /** Returns the tags of a token's metadata, none if it is no agent's or has no metadata. */
  async tagsOf(network: Network, agentIdentifier: string, { signal }: Signalled = {}): Promise<TagsOf> {
    try {
      const query = { network, agentIdentifier };
      const { Metadata } = await this.#get("/registry/agent-identifier", query, agentMetadata, signal);
      return Metadata?.Tags ?? [];
    } catch (error) {
      if (!(error instanceof MasumiError)) throw error;
      if (error.status === 404) return [];
      if (error.status === 422) return UNREADABLE;
      throw error;
    }
  }

  /** Returns whether an agent's token is on the chain, wherever it is; undefined if the service cannot tell. */
  async isOnChain(
    network: Network,
    agentIdentifier: string,
    { signal }: Signalled = {},
  ): Promise<boolean | undefined> {
    const url = this.#http.urlOf("/registry/agent-identifier");
    try {
      await this.#http.get(url, { network, agentIdentifier }, { signal });
      return true;
    } catch (error) {
      if (!(error instanceof MasumiError)) throw error;
      if (error.serviceMessage === IDENTIFIER_NOT_FOUND) return false;
      // Its metadata is missing or malformed, but it is there.
      return error.serviceMessage === METADATA_NOT_FOUND || error.status === 422 ? true : undefined;
    }
  }

  /** Registers an agent. Costs a fee and locks 5 ADA. Not idempotent: sending it twice makes two registrations. */
  async register(body: RegisterBody, options: SendOptions = {}): Promise<Row> {
    return this.#send("POST", "/registry", body, options);
  }

  /** Updates a V2 registration. Costs a fee. */
  async update(body: UpdateBody, options: SendOptions = {}): Promise<Row> {
    return this.#send("POST", "/registry/update", body, options);
  }

  /** Burns a registration's token. Costs a fee. */
  async deregister(body: DeregisterBody, options: SendOptions = {}): Promise<Row> {
    const call = toDeregisterCall(await this.apiDocs(), body);
    return this.#send(call.method, call.path, call.body, options);
  }

  /**
   * Removes a row that has nothing on the chain; needs an admin key. Up to 0.21 this method deregisters instead (and knows no
   * ids), so nothing is sent to those releases. Returns whether the row was removed.
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
  const envelope = readData(label, success.safeParse(body), unclear);
  return readData(label, schema.safeParse(envelope.data), unclear);
}

function readData<T>(label: string, read: z.ZodSafeParseResult<T>, unclear: boolean): T {
  if (read.success) return read.data;
  throw new ServiceError({
    code: "ANSWER_UNEXPECTED",
    what: `${label}: the answer is not one that a Masumi payment service gives (${describeIssue(read.error)}).`,
    unclear,
  });
}
