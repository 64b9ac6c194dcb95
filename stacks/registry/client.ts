import { Http, type Network, ServiceError } from "../../providers/masumi/service/index.ts";
import { type Entry, MOST_ENTRIES, QUERY, STATUSES, answer } from "./wire.ts";

/** Where a registry service is, and with what it is asked. */
export interface RegistryService {
  /** Base URL, ending in /api/v1. */
  readonly url: string;
  readonly key: string;
  readonly network: Network;
}

const TIMEOUT_MS = 10_000;
const AT_A_TIME = 4;
/** Of the network's ranking: 500 agents, some 10 requests. */
const MOST_PAGES = 10;

/** Asks a registry service; what it answers is at most 5 MB, and its key is in no error. */
export class RegistryClient {
  readonly #http: Http;
  readonly #network: Network;

  /** @throws SettingsError when the URL is not one to send a key to */
  constructor({ url, key, network }: RegistryService) {
    this.#http = new Http({
      service: "registry service",
      url,
      token: key,
      timeoutMs: TIMEOUT_MS,
      fetchLimit: AT_A_TIME,
    });
    this.#network = network;
  }

  /** Returns the entry with an identifier, whatever its status; undefined if there is none. @throws ServiceError, RefusedError */
  async find(agentIdentifier: string, signal: AbortSignal): Promise<Entry | undefined> {
    const filter = { assetIdentifier: agentIdentifier, status: STATUSES };
    const entries = await this.#query({ limit: 1, filter }, signal);
    return entries.find((entry) => entry.agentIdentifier === agentIdentifier);
  }

  /** Returns whether any agent of a network is listed, whatever its status; by default of the service's own. @throws ServiceError, RefusedError */
  async listsAny(signal: AbortSignal, network = this.#network): Promise<boolean> {
    const query = { limit: 1, filter: { status: STATUSES } };
    return (await this.#query(query, signal, network)).length > 0;
  }

  /**
   * Yields the agents that are online, the one that buyers see first at the beginning, as far as MOST_PAGES. A release that does not rank
   * yields none.
   *
   * @throws ServiceError, RefusedError
   */
  async *ranked(signal: AbortSignal): AsyncGenerator<Entry> {
    const seen = new Set<string>();
    let cursorId: string | undefined;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const query = { limit: MOST_ENTRIES, sortBy: "score", filter: { status: ["Online"] }, cursorId };
      const entries = await this.#query(query, signal);
      // A page begins with the entry that its cursor names.
      const fresh = entries.filter(({ id, ranking }) => ranking && !seen.has(id));
      for (const entry of fresh) {
        seen.add(entry.id);
        yield entry;
      }
      if (fresh.length === 0 || entries.length < MOST_ENTRIES) return;
      cursorId = entries.at(-1)?.id;
    }
  }

  async #query(query: object, signal: AbortSignal, network = this.#network): Promise<Entry[]> {
    const url = this.#http.urlOf(QUERY);
    const { body } = await this.#http.send("POST", url, { network, ...query }, { signal });
    const read = answer.safeParse(body);
    if (read.success) return read.data.data.entries;
    throw new ServiceError({
      code: "ANSWER_UNEXPECTED",
      what: `[POST] ${url}: the answer is not one that a Masumi registry service gives.`,
      unclear: false,
    });
  }
}
