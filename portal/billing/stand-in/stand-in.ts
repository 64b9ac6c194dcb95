import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { Account, type Plan } from "./account.ts";
import { type RecordedRequest, standInApi } from "./api.ts";
import { type Answer, problem } from "./idempotency.ts";
import { keep, restore } from "./kept.ts";
import { standInPages } from "./pages.ts";
import { type Endpoint, Webhooks } from "./webhooks.ts";

export interface StandInOptions {
  readonly secretKey: string;
  readonly plans: readonly Plan[];
  /** Where webhooks go. It can be set later too, by `webhooks.endpoint`. */
  readonly endpoint?: Endpoint;
  /** Where customers and what they subscribed to are kept. @default nowhere: they are forgotten when it ends */
  readonly file?: string;
  /** @default any free port */
  readonly port?: number;
  /** @default the machine's clock */
  readonly clock?: () => Date;
  /** Hears of webhooks that nobody accepts. */
  readonly report?: (error: unknown) => void;
}

/** Stripe on this machine, as far as the portal uses it: for tests and for trying the portal without an account. */
export interface StandIn {
  readonly url: string;
  readonly account: Account;
  readonly webhooks: Webhooks;
  /** Every request, with its answer. */
  readonly requests: readonly RecordedRequest[];
  /** Has requests fail until it is called again without an argument. */
  failWith(fault?: (path: string) => Answer | Promise<Answer | undefined> | undefined): void;
  close(): Promise<void>;
}

/** An answer of Stripe on a bad day. */
export const outage: Answer = problem(500, "api_error", "An unknown error occurred.");

/** Starts the stand-in on 127.0.0.1. */
export async function startStandIn(options: StandInOptions): Promise<StandIn> {
  const {
    secretKey,
    plans,
    endpoint,
    file,
    port = 0,
    clock = () => new Date(),
    report = () => undefined,
  } = options;
  const webhooks = new Webhooks(clock, report);
  webhooks.endpoint = endpoint;
  const account = new Account(webhooks, clock, () => file && keep(account, file));
  if (file) restore(account, file);
  for (const plan of plans) account.addPlan(plan);
  const requests: RecordedRequest[] = [];
  let fault: Parameters<StandIn["failWith"]>[0];
  let url = "";
  const app = new Hono();
  app.route(
    "/",
    standInApi({
      account,
      secretKey,
      url: () => url,
      record: (request) => requests.push(request),
      fault: async (path) => fault?.(path),
    }),
  );
  app.route("/", standInPages(account));

  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port }) as Server;
  if (!server.listening) await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    account,
    webhooks,
    requests,
    failWith(next) {
      fault = next;
    },
    async close() {
      await webhooks.close();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
