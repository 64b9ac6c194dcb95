import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { canonicalJson } from "../../buyer/hashes.ts";
import type { RunningSandbox } from "../../local/sandbox/index.ts";
import { registration, SandboxClient, V2_CONTRACT } from "../local/sandbox/client.ts";
import { SELLER_WALLET, type Side, type SourceType, TUSDM } from "../local/sandbox/deal.ts";

type Json = Record<string, unknown>;

export type Price = "Free" | "Dynamic" | { readonly unit: string; readonly amount: string }[];

/** How an agent behaves; what is not said is as it should be. */
export interface Behaviour {
  readonly type?: SourceType;
  /** The price on the chain. */
  readonly price?: Price;
  readonly fields?: readonly Json[];
  /** What it answers for its card; absent: it has none. */
  readonly card?: unknown;
  readonly result?: string;
  /** The text whose hash it submits, by MIP-004; default: the result, spelt as the marketplace does. */
  readonly hashed?: string;
  /** Changes to what it answers. */
  readonly availability?: Json;
  readonly information?: Json | "not there";
  readonly started?: Json;
  /** Ends its jobs, never ends them, or says that they failed; default "completes". */
  readonly jobs?: "erased" | "completes" | "never ends" | "fails" | "submits only" | "completes unsubmitted";
  /** Begins jobs and does not answer: the connection breaks, or stays open. */
  readonly startAnswer?: "lost" | "never comes";
  /** What it asks in the middle of a job, one after the other; a field's schema each. */
  readonly asks?: readonly Json[];
  /** Its statuses have no id, as those of some agents. */
  readonly isWithoutStatusIds?: boolean;
  /** What it answers to the first /provide_input, taken or not; a body of its own refuses. */
  readonly firstAnswer?: { readonly isTaken: boolean; readonly status: number; readonly body?: Json };
  /** The apiBaseUrl on the chain, if it is another one. */
  readonly registeredUrl?: string;
}

export const MARKETPLACE_RESULT = 'First line\nand a "second" one';
const TUSDM_5: Price = [{ unit: TUSDM, amount: "5000000" }];
const MINUTE = 60_000;

export const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

async function bodyOf(request: IncomingMessage): Promise<Json> {
  let text = "";
  for await (const chunk of request as AsyncIterable<Buffer>) text += chunk.toString();
  return text === "" ? {} : (JSON.parse(text) as Json);
}

const pricingOnChain = (type: SourceType, price: Price) => {
  if (typeof price === "string") return { pricingType: price };
  return type === "Web3CardanoV1"
    ? { pricingType: "Fixed", Pricing: price }
    : { pricingType: "Fixed", fixed: price.map(({ unit, amount }) => ({ asset: unit, amount })) };
};

interface Job {
  readonly purchaser: string;
  readonly payment: Side | undefined;
  /** Questions that are answered. */
  answered: number;
}

/** A seller of a test's own: MIP-003 on loopback, registered and paid at the sandbox, and as honest as it is told to be. */
export class Seller implements AsyncDisposable {
  readonly url: string;
  readonly jobs = new Map<string, Job>();
  /** Bodies of /start_job. */
  readonly asked: Json[] = [];
  /** The secrets that came with them. */
  readonly keys: string[] = [];
  readonly #begun = new Map<string, Json>();
  /** Bodies of /provide_input. */
  readonly answers: Json[] = [];
  agentIdentifier = "";
  readonly #server: ReturnType<typeof createServer>;
  readonly #client: SandboxClient;
  behaviour: Behaviour;

  private constructor(server: ReturnType<typeof createServer>, client: SandboxClient, behaviour: Behaviour) {
    this.#server = server;
    this.#client = client;
    this.behaviour = behaviour;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(sandbox: RunningSandbox, behaviour: Behaviour = {}): Promise<Seller> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const seller = new Seller(server, new SandboxClient(sandbox), behaviour);
    server.on("request", (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "", seller.url);
      const key = String(request.headers["idempotency-key"]);
      const answered = bodyOf(request)
        .then((body) => seller.#answer(`${request.method} ${pathname}`, searchParams, body, key))
        .catch((error: unknown) => ({ status: 500, body: { error: String(error) } }));
      void answered.then(({ status, body }) => {
        const lost = pathname === "/start_job" ? seller.behaviour.startAnswer : undefined;
        if (lost === "never comes") return response;
        if (lost === "lost") return request.socket.destroy();
        return response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      });
    });
    await seller.#register();
    return seller;
  }

  get type(): SourceType {
    return this.behaviour.type ?? "Web3CardanoV2";
  }

  get price(): Price {
    return this.behaviour.price ?? TUSDM_5;
  }

  async #register(): Promise<void> {
    const pricing = pricingOnChain(this.type, this.price);
    const cardano = {
      chain: "Cardano",
      network: "Preprod",
      paymentSourceType: this.type,
      address: V2_CONTRACT,
    };
    const { id } = await this.#client.register(
      registration("Seller", SELLER_WALLET[this.type], {
        apiBaseUrl: this.behaviour.registeredUrl ?? this.url,
        ...(this.type === "Web3CardanoV1"
          ? { AgentPricing: pricing }
          : { supportedPaymentSources: [{ ...cardano, pricing }] }),
      }),
    );
    await this.#client.advance(200);
    this.agentIdentifier = (await this.#client.row(id)).agentIdentifier ?? "";
  }

  async #answer(
    route: string,
    query: URLSearchParams,
    body: Json,
    key: string,
  ): Promise<{ status: number; body: Json }> {
    const { availability, information, fields } = this.behaviour;
    switch (route) {
      case "GET /availability":
        return { status: 200, body: { status: "available", type: "masumi-agent", ...availability } };
      case "GET /input_schema":
        return {
          status: 200,
          body: { input_data: fields ?? [{ id: "topic", type: "string", name: "Topic" }] },
        };
      case "GET /.well-known/agent-card.json":
        if (this.behaviour.card === undefined) break;
        return { status: 200, body: this.behaviour.card as Json };
      case "GET /payment_information":
        if (information === "not there") break;
        return { status: 200, body: { ...this.#information(), ...information } };
      case "POST /start_job":
        return { status: 200, body: { ...(await this.#onceFor(key, body)), ...this.behaviour.started } };
      case "POST /provide_input":
        return this.#provideInput(body);
      case "GET /status":
        if (this.behaviour.jobs === "erased") return { status: 410, body: { error: "JOB_ERASED" } };
        return { status: 200, body: await this.#status(query.get("job_id") ?? "") };
    }
    return { status: 404, body: { error: "NOT_FOUND" } };
  }

  #information(): Json {
    const price = this.price;
    return {
      agentIdentifier: this.agentIdentifier,
      sellerVKey: SELLER_WALLET[this.type],
      network: "Preprod",
      pricing: typeof price === "string" ? { pricingType: price } : { pricingType: "Fixed", Pricing: price },
      paymentSourceType: this.type,
      ...(this.type === "Web3CardanoV2" ? { supportedPaymentSourceIndex: 0 } : {}),
    };
  }

  /** The same request with the same secret begins one job. */
  async #onceFor(key: string, body: Json): Promise<Json> {
    this.asked.push(body);
    this.keys.push(key);
    const request = `${key} ${JSON.stringify(body)}`;
    const answer = this.#begun.get(request) ?? (await this.#startJob(body));
    this.#begun.set(request, answer);
    return answer;
  }

  async #startJob(body: Json): Promise<Json> {
    const id = randomUUID();
    const purchaser = body["identifier_from_purchaser"];
    if (typeof purchaser !== "string" || this.price === "Free") {
      this.jobs.set(id, { purchaser: "", payment: undefined, answered: 0 });
      return { id };
    }
    const inputHash = sha256(`${purchaser};${canonicalJson(body["input_data"])}`);
    const funds = [{ unit: "", amount: "3000000" }];
    const at = (minutes: number) => new Date(Date.now() + minutes * MINUTE).toISOString();
    const { status, body: reply } = await this.#client.ask<Side>("POST", "/payment", {
      network: "Preprod",
      agentIdentifier: this.agentIdentifier,
      inputHash,
      identifierFromPurchaser: purchaser,
      payByTime: at(15),
      submitResultTime: at(60),
      unlockTime: at(90),
      externalDisputeUnlockTime: at(120),
      ...(this.type === "Web3CardanoV2" ? { supportedPaymentSourceIndex: 0 } : {}),
      ...(this.price === "Dynamic" ? { RequestedFunds: funds } : {}),
    });
    if (status !== 200) throw new Error(JSON.stringify(reply));
    const payment = reply.data;
    this.jobs.set(id, { purchaser, payment, answered: 0 });
    const time = (name: "payByTime" | "submitResultTime" | "unlockTime" | "externalDisputeUnlockTime") =>
      Number(payment[name]);
    return {
      id,
      blockchainIdentifier: payment.blockchainIdentifier,
      agentIdentifier: this.agentIdentifier,
      sellerVKey: SELLER_WALLET[this.type],
      identifierFromPurchaser: purchaser,
      input_hash: inputHash,
      payByTime: time("payByTime"),
      submitResultTime: time("submitResultTime"),
      unlockTime: time("unlockTime"),
      externalDisputeUnlockTime: time("externalDisputeUnlockTime"),
      ...(this.price === "Dynamic" ? { amounts: funds } : {}),
    };
  }

  #provideInput(body: Json): { status: number; body: Json } {
    this.answers.push(body);
    const { firstAnswer: first } = this.behaviour;
    const job = this.jobs.get(String(body["job_id"]));
    const odd = this.answers.length === 1 ? first : undefined;
    if (job && (!odd || odd.isTaken)) job.answered += 1;
    if (odd) return { status: odd.status, body: odd.body ?? {} };
    const hashed = `${job?.purchaser ?? ""};${canonicalJson(body["input_data"])}`;
    return { status: 200, body: { input_hash: sha256(hashed), signature: "" } };
  }

  #question({ answered }: Job): Json | undefined {
    const field = this.behaviour.asks?.[answered];
    if (!field) return undefined;
    const id = this.behaviour.isWithoutStatusIds ? {} : { id: `question-${answered}` };
    return { ...id, status: "awaiting_input", input_schema: { input_data: [field] } };
  }

  async #status(id: string): Promise<Json> {
    const { result = MARKETPLACE_RESULT, jobs = "completes" } = this.behaviour;
    const job = this.jobs.get(id);
    if (!job) return { status: "failed", message: "no such job" };
    const question = this.#question(job);
    if (!job.payment) {
      if (question) return question;
      if (jobs === "never ends") return { status: "running" };
      return jobs === "fails" ? { status: "failed", message: "It broke." } : { status: "completed", result };
    }
    const { blockchainIdentifier } = job.payment;
    const resolve = { network: "Preprod", blockchainIdentifier };
    const payment = (await this.#client.ask<Side>("POST", "/payment/resolve-blockchain-identifier", resolve))
      .body.data;
    if (payment.onChainState === null) return { status: "awaiting_payment" };
    if (question) return question;
    if (jobs === "never ends") return { status: "running" };
    if (jobs === "fails") return { status: "failed", message: "It broke." };
    if (jobs === "completes unsubmitted") return { status: "completed", result };
    if (
      payment.onChainState === "FundsLocked" &&
      payment.NextAction.requestedAction === "WaitingForExternalAction"
    ) {
      const spelt = this.behaviour.hashed ?? JSON.stringify(result).slice(1, -1);
      const submitResultHash = sha256(`${job.purchaser};${spelt}`);
      await this.#client.ask("POST", "/payment/submit-result", { ...resolve, submitResultHash });
    }
    return jobs === "submits only" ? { status: "running" } : { status: "completed", result };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}
