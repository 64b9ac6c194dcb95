import { setTimeout as sleep } from "node:timers/promises";
import { Stripe } from "stripe";
import { newId } from "./objects.ts";

const ANSWER_MS = 10_000;
/** Stripe goes on for three days, with pauses that grow. */
const TRIES = 5;
const PAUSE_MS = 500;

export interface Endpoint {
  readonly url: string;
  /** What the webhooks are signed with. */
  readonly secret: string;
}

export interface StandInEvent {
  readonly id: string;
  readonly object: "event";
  readonly api_version: string;
  readonly created: number;
  readonly type: string;
  readonly livemode: false;
  readonly data: { readonly object: object };
}

/** Sends signed webhooks at once; or holds them back, so that they can be sent late, twice, in another order, or never. */
export class Webhooks {
  /** What is held back, oldest first. */
  readonly held: StandInEvent[] = [];
  endpoint: Endpoint | undefined;
  isHolding = false;
  readonly #clock: () => Date;
  readonly #report: (error: unknown) => void;
  readonly #closed = new AbortController();
  readonly #sending = new Set<Promise<void>>();

  constructor(clock: () => Date, report: (error: unknown) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** Something happened to an object. The event has a copy of it as it is now. */
  emit(type: string, object: object): void {
    const event: StandInEvent = {
      id: newId("evt"),
      object: "event",
      api_version: Stripe.API_VERSION,
      created: Math.floor(this.#clock().getTime() / 1000),
      type,
      livemode: false,
      data: { object: structuredClone(object) },
    };
    if (this.isHolding) this.held.push(event);
    else this.#keepSending(event);
  }

  /** Sends an event once and returns the answer's status. */
  async send(event: StandInEvent): Promise<number> {
    if (this.endpoint === undefined) throw new Error("The stand-in has no webhook endpoint");
    const payload = JSON.stringify(event);
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: this.endpoint.secret });
    const answer = await fetch(this.endpoint.url, {
      method: "POST",
      headers: { "Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature },
      body: payload,
      signal: AbortSignal.any([this.#closed.signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  #keepSending(event: StandInEvent): void {
    if (this.endpoint === undefined) return;
    const sending = this.#untilAccepted(event)
      .catch((error: unknown) => {
        if (!this.#closed.signal.aborted) this.#report(error);
      })
      .finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  async #untilAccepted(event: StandInEvent): Promise<void> {
    for (let tries = 1; ; tries++) {
      const status = await this.send(event).catch((error: unknown) => {
        if (tries === TRIES) throw error;
        return 0;
      });
      if (status >= 200 && status < 300) return;
      if (tries === TRIES) throw new Error(`the webhook endpoint answers ${status}`);
      await sleep(PAUSE_MS * tries, undefined, { signal: this.#closed.signal });
    }
  }

  /** Waits until everything that was sent has been accepted, or given up. */
  async idle(): Promise<void> {
    while (this.#sending.size > 0) await Promise.all(this.#sending);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.all(this.#sending);
  }
}
