import { create } from "axios";

interface Row {
  readonly id: string;
  readonly state: string;
  readonly name: string;
  readonly description: string;
}

/** On Preprod, of a wallet that no payment source has. */
export const FOREIGN_ADDRESS = "addr_test1vppyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyyssmn7phc";

/** Times are ISO 8601 or unix milliseconds; what is left out is as in a fresh payment (README of the sandbox). */
export interface PaymentFields {
  readonly onChainState?: string | null;
  readonly requestedAction?: string;
  readonly payByTime?: string | number | null;
  readonly submitResultTime?: string | number;
  readonly unlockTime?: string | number;
  readonly externalDisputeUnlockTime?: string | number;
  readonly resultHash?: string;
}

/** The control routes of a running sandbox (local/sandbox/README.md). */
export class SandboxControl {
  readonly #http;

  constructor(url: string) {
    this.#http = create({ baseURL: `${url}/sandbox`, timeout: 30_000, proxy: false });
  }

  /** Requests since the last reset, as `POST /registry` -> count. */
  async requests(): Promise<Record<string, number>> {
    return (await this.#http.get<{ byRoute: Record<string, number> }>("/requests")).data.byRoute;
  }

  /** Lets the chain's time pass, where it does not by itself. */
  async advance(advanceSeconds: number): Promise<void> {
    await this.#http.post("/clock", { advanceSeconds });
  }

  async resetRequests(): Promise<void> {
    await this.#http.delete("/requests");
  }

  /** How many POSTs a route of the service has got since the last reset. */
  async posts(route: string): Promise<number> {
    return (await this.requests())[`POST ${route}`] ?? 0;
  }

  /** How many requests that write to the chain: register, update, deregister. */
  async chainRequests(): Promise<number> {
    const counts = await Promise.all(
      ["/registry", "/registry/update", "/registry/deregister"].map((route) => this.posts(route)),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async rows(): Promise<Row[]> {
    return (await this.#http.get<{ rows: Row[] }>("/rows")).data.rows;
  }

  async row(id: string): Promise<Row> {
    const found = (await this.rows()).find((row) => row.id === id);
    if (!found) throw new Error(`the sandbox has no row ${id}`);
    return found;
  }

  async state(id: string): Promise<string> {
    return (await this.row(id)).state;
  }

  /** Drift: changes fields of a row behind everybody's back. */
  async patchRow(id: string, fields: Record<string, unknown>): Promise<void> {
    await this.#http.patch(`/rows/${id}`, fields);
  }

  /** A row that somebody else made; `wallet` is a vkey. */
  async addRow(fields: Record<string, unknown>): Promise<Row> {
    return (await this.#http.post<Row>("/rows", fields)).data;
  }

  /** A payment to an agent, as if its crew had asked for one; returns its id. */
  async addPayment(agentIdentifier: string, fields: PaymentFields = {}): Promise<string> {
    return (await this.#http.post<{ id: string }>("/payments", { agentIdentifier, ...fields })).data.id;
  }

  async patchPayment(id: string, fields: PaymentFields): Promise<void> {
    await this.#http.patch(`/payments/${id}`, fields);
  }

  async clearPayments(): Promise<void> {
    await this.#http.delete("/payments");
  }

  /** Replaces what is still to go wrong. */
  async setFaults(faults: readonly Record<string, unknown>[]): Promise<void> {
    await this.#http.delete("/faults");
    await this.#http.post("/faults", { faults });
  }

  /** Moves an agent's token to another wallet, by default one that is nobody's here; no row learns of it. */
  async moveToken(agentIdentifier: string, holder = FOREIGN_ADDRESS): Promise<void> {
    await this.#http.patch(`/assets/${agentIdentifier}`, { holder });
  }

  /** Burns an agent's token behind the service's back. */
  async burnToken(agentIdentifier: string): Promise<void> {
    await this.#http.patch(`/assets/${agentIdentifier}`, { holder: null });
  }

  /** Sends ADA to a wallet. */
  async fund(vkey: string, balanceLovelace: number): Promise<void> {
    await this.#http.patch(`/wallets/${vkey}`, { balanceLovelace });
  }
}
