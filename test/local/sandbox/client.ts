import type { RunningSandbox } from "../../../local/sandbox/index.ts";

export const V1_WALLET = "0b1e2d3bc6a6de6dbd74fcc3ada4ad91343960ea3e68387d182b01db";
export const V2_WALLET = "fa12fbf555d966f84801c66b8e9704b2ea3d81a93d89059bd98d7e32";
export const EMPTY_V2_WALLET = "f5746caf91305162f4adb1c88b7f36f09224c05d97e911ea95b8cc5d";
export const V1_CONTRACT = "addr_test1wz7j4kmg2cs7yf92uat3ed4a3u97kr7axxr4avaz0lhwdsqukgwfm";
export const V2_CONTRACT = "addr_test1wzs4e6wc95hkwezlccjw9mdvq0r0rsgx6zk34avptga3ftgn37w4g";

export type Role = "admin" | "pay" | "runtime" | "buyer" | "read";

export interface Entry {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly error: string | null;
  readonly agentIdentifier: string | null;
  readonly createdAt: string;
  readonly CurrentTransaction: {
    readonly txHash: string | null;
    readonly status: string;
    readonly fees: string | null;
  } | null;
  readonly [field: string]: unknown;
}

interface Wallet {
  readonly vkey: string;
  readonly address: string;
  readonly balanceLovelace: number;
  readonly lockedLovelace: number;
  readonly spentFeesLovelace: number;
  readonly tokens: readonly { readonly unit: string; readonly quantity: number }[];
}

export interface Reply<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly status: string; readonly data: T; readonly error?: { readonly message: string } };
}

/** A registration of the plainest kind, for V1 or V2. */
export function registration(name: string, wallet = V2_WALLET, more: object = {}): Record<string, unknown> {
  const cardano = {
    chain: "Cardano",
    network: "Preprod",
    paymentSourceType: "Web3CardanoV2",
    address: V2_CONTRACT,
  };
  const pricing =
    wallet === V1_WALLET
      ? { AgentPricing: { pricingType: "Free" } }
      : { supportedPaymentSources: [{ ...cardano, pricing: { pricingType: "Free" } }] };
  return {
    network: "Preprod",
    sellingWalletVkey: wallet,
    ExampleOutputs: [],
    Tags: ["test"],
    name,
    apiBaseUrl: "https://agent.example.com",
    description: "An agent",
    Capability: { name: "testing", version: "1.0.0" },
    Author: { name: "Jane Doe" },
    ...pricing,
    ...more,
  };
}

/** Talks to a running sandbox as a client of the service and as a test that steps it. */
export class SandboxClient {
  readonly #sandbox: RunningSandbox;

  constructor(sandbox: RunningSandbox) {
    this.#sandbox = sandbox;
  }

  async ask<T>(method: string, path: string, body?: unknown, role: Role = "pay"): Promise<Reply<T>> {
    const response = await fetch(`${this.#sandbox.url}/api/v1${path}`, {
      method,
      headers: { token: `sandbox-${role}-key`, "Content-Type": "application/json" },
      signal: AbortSignal.timeout(10_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Reply<T>["body"],
    };
  }

  async #data<T>(method: string, path: string, body?: unknown, role?: Role): Promise<T> {
    const reply = await this.ask<T>(method, path, body, role);
    if (reply.status !== 200)
      throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body.data;
  }

  register(body: Record<string, unknown>, role?: Role): Promise<Entry> {
    return this.#data("POST", "/registry", body, role);
  }

  update(agentIdentifier: string | null, body: Record<string, unknown>): Promise<Entry> {
    const { sellingWalletVkey: _, ...content } = body;
    return this.#data("POST", "/registry/update", { ...content, agentIdentifier });
  }

  deregister(agentIdentifier: string | null): Promise<Entry> {
    return this.#data("POST", "/registry/deregister", { network: "Preprod", agentIdentifier });
  }

  /** All rows, V1 and V2, by way of the control route. */
  async rows(): Promise<Entry[]> {
    return (await this.control<{ rows: Entry[] }>("GET", "/rows")).rows;
  }

  async row(id: string): Promise<Entry> {
    const row = (await this.rows()).find((candidate) => candidate.id === id);
    if (!row) throw new Error(`there is no row ${id}`);
    return row;
  }

  async wallet(vkey: string): Promise<Wallet> {
    const wallet = (await this.control<Wallet[]>("GET", "/wallets")).find(
      (candidate) => candidate.vkey === vkey,
    );
    if (!wallet) throw new Error(`there is no wallet ${vkey}`);
    return wallet;
  }

  async control<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.#sandbox.url}/sandbox${path}`, {
      method,
      headers: { "content-type": "application/json" },
      signal: AbortSignal.timeout(10_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (response.status !== 200)
      throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer as T;
  }

  advance(seconds: number): Promise<unknown> {
    return this.control("POST", "/clock", { advanceSeconds: seconds });
  }
}
