import { once } from "node:events";
import { Agent, type IncomingMessage, type ServerResponse, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** Where a request is when its client is killed. */
export type Phase =
  /** Before it is sent on: the service never hears of it. */
  | "unsent"
  /** On its way: the service gets it later, from a client that is dead by then. */
  | "late"
  /** The service has done it, and its answer is lost. */
  | "unanswered"
  /** The answer has just gone out to the client. */
  | "answered"
  /** Some time later. */
  | "waiting";

export interface RequestKill {
  /** Whether all requests are counted, or those alone that change something. */
  readonly which: "any" | "write";
  /** Which of them, from 1 on. */
  readonly nth: number;
  readonly phase: Phase;
  /** late: until the service gets it. waiting: until the kill. */
  readonly ms: number;
}

/** A request that the service has got is done by then, or never answered. */
const DONE_WITHIN_MS = 2_000;

interface Trap {
  readonly plan: RequestKill;
  readonly kill: () => Promise<void>;
  left: number;
}

const isWrite = (method: string | undefined) => method === "POST" || method === "DELETE";
const isOfService = (path: string | undefined) => path?.startsWith("/sandbox") !== true;

/** Stands between a client and the sandbox: passes everything on, counts, and kills the client at the planned request. */
export class CountingProxy {
  readonly #server = createServer((incoming, response) => {
    this.#serve(incoming, response).catch((error: unknown) => {
      response.destroy();
      this.note(`proxy: ${String(error)}`);
    });
  });
  readonly #agent = new Agent({ keepAlive: true });
  readonly #target: string;
  readonly note: (event: string) => void;
  readonly #underWay = new Set<Promise<void>>();
  readonly #ending = new AbortController();
  #trap: Trap | undefined;
  requests = 0;
  /** Requests that change something. */
  writes = 0;
  /** Longest time between a write's arrival here and the moment at which the service had done it, in milliseconds. */
  latestMs = 0;

  /** @param note is told every event, for whoever has to find out what happened */
  constructor(target: string, note: (event: string) => void) {
    this.#target = target;
    this.note = note;
  }

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Counts from now on, and kills at the planned request. */
  arm(plan: RequestKill, kill: () => Promise<void>): void {
    this.#trap = { plan, kill, left: plan.nth };
  }

  disarm(): void {
    this.#trap = undefined;
  }

  /** Ends when the service has got every request that is still on its way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async close(): Promise<void> {
    this.disarm();
    this.#ending.abort();
    this.#agent.destroy();
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const trap = this.#sprung(incoming);
    const label = `${incoming.method} ${incoming.url?.split("?")[0]}`;
    if (isWrite(incoming.method) || trap)
      this.note(`request ${label}${trap ? `, killed: ${trap.plan.phase}` : ""}`);
    const pass = () => this.#pass(incoming, body, response);
    const pause = (ms: number) => delay(ms, undefined, { signal: this.#ending.signal });
    if (!trap) return pass();
    const { plan, kill } = trap;
    switch (plan.phase) {
      case "unsent":
        await kill();
        return void response.destroy();
      case "late": {
        await kill();
        return this.#keep(pause(plan.ms).then(() => Promise.race([pass(), pause(DONE_WITHIN_MS)])));
      }
      case "unanswered":
        return this.#pass(incoming, body, response, kill);
      case "answered":
        await pass();
        return kill();
      case "waiting":
        await Promise.all([pass(), pause(plan.ms).then(kill)]);
    }
  }

  /** The trap, if this is the request that it waits for. */
  #sprung({ method, url }: IncomingMessage): Trap | undefined {
    if (!isOfService(url)) return undefined;
    this.requests += 1;
    if (isWrite(method)) this.writes += 1;
    const trap = this.#trap;
    if (!trap || (trap.plan.which === "write" && !isWrite(method))) return undefined;
    trap.left -= 1;
    if (trap.left > 0) return undefined;
    this.#trap = undefined;
    return trap;
  }

  async #keep(work: Promise<void>): Promise<void> {
    const kept = work.catch(() => undefined).finally(() => this.#underWay.delete(kept));
    this.#underWay.add(kept);
    await kept;
  }

  /** Sends the request on and its answer back, whole; `before` the answer goes out. A cut connection is cut on both sides. */
  #pass(
    incoming: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
    before?: () => Promise<void>,
  ): Promise<void> {
    const arrived = Date.now();
    return new Promise((passed, failed) => {
      const cut = () => {
        response.destroy();
        if (before) before().then(passed, failed);
        else passed();
      };
      const onward = request(`${this.#target}${incoming.url}`, {
        method: incoming.method,
        headers: incoming.headers,
        agent: this.#agent,
        signal: this.#ending.signal,
      });
      onward.once("error", cut);
      onward.once("response", (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.once("error", cut);
        answer.once("end", () => {
          if (isWrite(incoming.method)) this.latestMs = Math.max(this.latestMs, Date.now() - arrived);
          const done = async () => {
            await before?.();
            // A client that is dead gets no answer.
            if (response.destroyed) return;
            response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
            await new Promise<void>((ended) => response.once("close", ended).end(Buffer.concat(parts)));
          };
          done().then(passed, failed);
        });
      });
      onward.end(body);
    });
  }
}
