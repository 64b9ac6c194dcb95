import type { z } from "zod";
import { Http, MasumiError, RefusedError, ServiceError } from "../providers/masumi/service/index.ts";
import { HireError } from "./hire-error.ts";
import {
  type ChainEntry,
  type Purchase,
  type PurchaseBody,
  chainEntry,
  purchase as purchaseSchema,
} from "./purchase-wire.ts";

type Network = PurchaseBody["network"];

export interface PurchasesOptions {
  /** Base URL of the buyer's payment service, ending in /api/v1. */
  readonly url: string;
  /** A key of it that may pay. */
  readonly key: string;
  readonly network: Network;
}

/** The buyer's payment service: what the chain says of agents, and the purchases made there. */
export class Purchases {
  readonly url: string;
  readonly #http: Http;
  readonly #network: Network;

  /** @throws SettingsError if the URL is none, or is plain http to another machine */
  constructor({ url, key, network }: PurchasesOptions) {
    this.url = url;
    this.#http = new Http({ url, token: key });
    this.#network = network;
  }

  /** What the chain says of an agent; undefined if it knows none of that identifier. @throws ServiceError, HireError */
  async agent(agentIdentifier: string, signal: AbortSignal): Promise<ChainEntry | undefined> {
    const url = this.#http.urlOf("/registry/agent-identifier");
    try {
      const { body } = await this.#http.get(url, { network: this.#network, agentIdentifier }, { signal });
      return dataOf(`[GET] ${url}`, body, chainEntry, false);
    } catch (error) {
      if (error instanceof RefusedError && (error.status === 404 || error.status === 422)) return undefined;
      throw asBuyers(error);
    }
  }

  /**
   * Makes the purchase, or finds the one that was made for the same identifier: the service has one at most, so a lost
   * answer is looked for, and sending the same again never pays twice.
   *
   * @throws HireError HIRE_BUYER_REFUSED, HIRE_PURCHASE_UNCLEAR
   */
  async make(body: PurchaseBody, signal: AbortSignal): Promise<Purchase> {
    const url = this.#http.urlOf("/purchase");
    for (let attempt = 1; ; attempt += 1) {
      // Never broken off once it is sent, and not sent when nobody waits any more.
      signal.throwIfAborted();
      try {
        const answer = await this.#http.send("POST", url, body);
        return dataOf(`[POST] ${url}`, answer.body, purchaseSchema, true);
      } catch (error) {
        const exists = error instanceof RefusedError && error.code === "WRONG_STATE";
        if (!exists && !(error instanceof ServiceError)) throw asBuyers(error);
        const made = await this.#afterLostAnswer(body.blockchainIdentifier, signal, error);
        if (made) return made;
        if (attempt === 2) throw unclear(error);
      }
    }
  }

  async #afterLostAnswer(
    identifier: string,
    signal: AbortSignal,
    lost: Error,
  ): Promise<Purchase | undefined> {
    try {
      return await this.find(identifier, signal);
    } catch (error) {
      if (error instanceof ServiceError) throw unclear(lost);
      throw error;
    }
  }

  /** The purchase of an identifier; undefined if there is none. @throws ServiceError, HireError HIRE_BUYER_REFUSED */
  async find(blockchainIdentifier: string, signal: AbortSignal): Promise<Purchase | undefined> {
    const url = this.#http.urlOf("/purchase/resolve-blockchain-identifier");
    try {
      const { body } = await this.#http.send(
        "POST",
        url,
        { network: this.#network, blockchainIdentifier },
        { signal },
      );
      return dataOf(`[POST] ${url}`, body, purchaseSchema, false);
    } catch (error) {
      if (error instanceof RefusedError && error.code === "NOT_FOUND") return undefined;
      throw asBuyers(error);
    }
  }

  /**
   * Asks for the money back. Asking twice does no harm: the service takes it only from a purchase that nothing else is
   * done with. Whether it took it shows in the purchase.
   *
   * @throws ServiceError, HireError HIRE_BUYER_REFUSED
   */
  async requestRefund(blockchainIdentifier: string): Promise<void> {
    const url = this.#http.urlOf("/purchase/request-refund");
    try {
      await this.#http.send("POST", url, { network: this.#network, blockchainIdentifier });
    } catch (error) {
      if (error instanceof RefusedError && error.code === "NOT_FOUND") return;
      throw asBuyers(error);
    }
  }
}

function dataOf<T>(label: string, body: unknown, schema: z.ZodType<T>, unclear: boolean): T {
  const checked = schema.safeParse((body as { data?: unknown } | null)?.data);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new ServiceError({
    code: "ANSWER_UNEXPECTED",
    what: `${label}: the answer is not that of a payment service (${issue?.path.map(String).join(".")}: ${issue?.message}).`,
    unclear,
  });
}

const unclear = (cause: Error) =>
  new HireError(
    "HIRE_PURCHASE_UNCLEAR",
    `Whether the purchase was made could not be determined. ${cause instanceof MasumiError ? cause.what : cause.message}`,
    "Resuming looks for it first, and never pays twice.",
    { isOpen: true },
  );

/** A refusal in the words of a buyer; anything else as it is. */
function asBuyers(error: unknown): unknown {
  if (!(error instanceof RefusedError)) return error;
  const said = error.serviceMessage ? ` The payment service says: ${error.serviceMessage}.` : "";
  const remedy =
    error.code === "KEY_REFUSED"
      ? "Check MASUMI_BUYER_KEY: paying requires a ReadAndPay key of the agent's network."
      : "No purchase was made by this request.";
  return new HireError("HIRE_BUYER_REFUSED", `${error.what}${said}`, remedy);
}
