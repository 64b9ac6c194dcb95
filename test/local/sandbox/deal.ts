import { randomBytes } from "node:crypto";
import {
  registration,
  type Reply,
  type Role,
  type SandboxClient,
  V1_WALLET,
  V2_CONTRACT,
  V2_WALLET,
} from "./client.ts";

export type SourceType = "Web3CardanoV1" | "Web3CardanoV2";

export const TUSDM = "16a55b2a349361ff88c03788f93e1e966e5d689605d044fef722ddde0014df10745553444d";
export const SELLER_WALLET: Record<SourceType, string> = {
  Web3CardanoV1: V1_WALLET,
  Web3CardanoV2: V2_WALLET,
};
export const BUYER_WALLET: Record<SourceType, string> = {
  Web3CardanoV1: "ab7d3be316924874463283460786f88909b28eb123b405803bc22aeb",
  Web3CardanoV2: "b715e99fc1bc326a58429101faf1fbdd55a18cf6bd1bf071c7fcf5f0",
};

const MINUTE = 60_000;

export interface Agent {
  readonly type: SourceType;
  readonly agentIdentifier: string;
}

type Price = { readonly unit: string; readonly amount: string } | "Dynamic" | "Free";

function pricing(type: SourceType, price: Price) {
  if (price === "Dynamic" || price === "Free") return { pricingType: price };
  return type === "Web3CardanoV1"
    ? { pricingType: "Fixed", Pricing: [price] }
    : { pricingType: "Fixed", fixed: [{ asset: price.unit, amount: price.amount }] };
}

/** Registers an agent and waits for its confirmation. */
export async function listAgent(client: SandboxClient, type: SourceType, price: Price): Promise<Agent> {
  const source = {
    chain: "Cardano",
    network: "Preprod",
    paymentSourceType: type,
    address: V2_CONTRACT,
    pricing: pricing(type, price),
  };
  const prices =
    type === "Web3CardanoV1" ? { AgentPricing: pricing(type, price) } : { supportedPaymentSources: [source] };
  const { id } = await client.register(registration("seller", SELLER_WALLET[type], prices));
  await client.advance(100);
  const { agentIdentifier } = await client.row(id);
  if (agentIdentifier === null) throw new Error("the agent is not on the chain");
  return { type, agentIdentifier };
}

/** What tests look at of a payment or a purchase. */
export interface Side {
  readonly id: string;
  readonly blockchainIdentifier: string;
  readonly onChainState: string | null;
  readonly resultHash: string | null;
  readonly payByTime: string;
  readonly submitResultTime: string;
  readonly unlockTime: string;
  readonly externalDisputeUnlockTime: string;
  readonly collateralReturnLovelace: string | null;
  readonly cooldownTime: number;
  readonly NextAction: {
    readonly requestedAction: string;
    readonly errorType: string | null;
    readonly errorNote: string | null;
    readonly resultHash?: string | null;
  };
  readonly CurrentTransaction: { readonly txHash: string | null; readonly status: string } | null;
  readonly [field: string]: unknown;
}

type Time = "payByTime" | "submitResultTime" | "unlockTime" | "externalDisputeUnlockTime";

/** One purchase of an agent's work, from both sides: the seller has the pay key, the buyer one of its own. */
export class Deal {
  readonly resultHash = randomBytes(32).toString("hex");
  #client: SandboxClient;
  readonly #agent: Agent;
  readonly #now: number;
  readonly #inputHash = randomBytes(32).toString("hex");
  readonly #purchaser = randomBytes(10).toString("hex");
  /** Chain time at which the payment was made. */
  #madeAt = 0;
  #made: Side | undefined;

  /** `now` is the service's time in milliseconds. */
  constructor(client: SandboxClient, agent: Agent, now: number) {
    this.#client = client;
    this.#agent = agent;
    this.#now = now;
  }

  /** Goes on with a sandbox that was started again. */
  use(client: SandboxClient): void {
    this.#client = client;
  }

  get #v2() {
    return this.#agent.type === "Web3CardanoV2" ? { supportedPaymentSourceIndex: 0 } : {};
  }

  paymentBody(more: object = {}): Record<string, unknown> {
    const at = (minutes: number) => new Date(this.#now + minutes * MINUTE).toISOString();
    return {
      network: "Preprod",
      agentIdentifier: this.#agent.agentIdentifier,
      inputHash: this.#inputHash,
      identifierFromPurchaser: this.#purchaser,
      payByTime: at(15),
      submitResultTime: at(60),
      unlockTime: at(90),
      externalDisputeUnlockTime: at(120),
      ...this.#v2,
      ...more,
    };
  }

  /** POST /payment */
  async makePayment(more: object = {}): Promise<Reply<Side>> {
    const { now } = await this.#client.control<{ now: string }>("GET", "/status");
    const reply = await this.#client.ask<Side>("POST", "/payment", this.paymentBody(more));
    this.#madeAt = Date.parse(now);
    if (reply.status === 200) this.#made = reply.body.data;
    return reply;
  }

  get made(): Side {
    if (!this.#made) throw new Error("there is no payment");
    return this.#made;
  }

  /** What the buyer learns from the seller. */
  purchaseBody(more: object = {}, made = this.made): Record<string, unknown> {
    const { blockchainIdentifier, payByTime, submitResultTime, unlockTime, externalDisputeUnlockTime } = made;
    return {
      network: "Preprod",
      blockchainIdentifier,
      inputHash: this.#inputHash,
      sellerVkey: SELLER_WALLET[this.#agent.type],
      agentIdentifier: this.#agent.agentIdentifier,
      identifierFromPurchaser: this.#purchaser,
      payByTime,
      submitResultTime,
      unlockTime,
      externalDisputeUnlockTime,
      ...this.#v2,
      ...more,
    };
  }

  /** POST /purchase */
  buy(more: object = {}, role: Role = "buyer"): Promise<Reply<Side>> {
    return this.#client.ask<Side>("POST", "/purchase", this.purchaseBody(more), role);
  }

  /** Both. */
  async pay(): Promise<void> {
    for (const { status, body } of [await this.makePayment(), await this.buy()]) {
      if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    }
  }

  /** Both, and the chain until the money lies in the contract. */
  async lock(): Promise<void> {
    await this.pay();
    await this.#client.advance(90);
  }

  #resolve(kind: "payment" | "purchase", more: object): Promise<Reply<Side>> {
    const { blockchainIdentifier } = this.made;
    const body = { network: "Preprod", blockchainIdentifier, ...more };
    return this.#client.ask<Side>("POST", `/${kind}/resolve-blockchain-identifier`, body, "read");
  }

  async payment(more: object = {}): Promise<Side> {
    return (await this.#resolve("payment", more)).body.data;
  }

  async purchase(more: object = {}): Promise<Side> {
    return (await this.#resolve("purchase", more)).body.data;
  }

  /** State and next action of the payment and of the purchase. */
  async states(): Promise<string[]> {
    return [await this.payment(), await this.purchase()].map(
      ({ onChainState, NextAction }) => `${onChainState ?? "-"}/${NextAction.requestedAction}`,
    );
  }

  submitResult(role: Role = "pay"): Promise<Reply<Side>> {
    return this.act("payment/submit-result", role, { submitResultHash: this.resultHash });
  }

  act(path: string, role: Role, more: object = {}): Promise<Reply<Side>> {
    const { blockchainIdentifier } = this.made;
    return this.#client.ask("POST", `/${path}`, { network: "Preprod", blockchainIdentifier, ...more }, role);
  }

  /** From the chain's present to a time of the payment, on the chain. */
  async secondsUntil(time: Time): Promise<number> {
    const { now } = await this.#client.control<{ now: string }>("GET", "/status");
    const until = this.#madeAt + Number(this.made[time]) - this.#now;
    return (until - Date.parse(now)) / 1000;
  }
}
