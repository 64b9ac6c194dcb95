import { z } from "zod";
import type { ChainClock } from "../chain/clock.ts";
import { FaultError } from "../faults.ts";
import type { Area } from "../http/server.ts";
import { type Answer, json, type Request } from "../http/message.ts";
import type { RequestCounts } from "../http/request-counts.ts";
import { describeIssues, type Service } from "../service/endpoint.ts";
import { toEntry } from "../service/registry/entry.ts";
import { badRequest, notFound, ServiceError } from "../service/errors.ts";
import { assetSchema, moveAsset, moveSchema, putAsset } from "./assets.ts";
import { insertPayment, patchPayment, paymentPatchSchema, paymentSchema } from "./payments.ts";
import { expectRow, insertRow, patchRow, patchSchema, rowSchema } from "./rows.ts";

export const SANDBOX_VERSION = 1;
const BODY_LIMIT = 10_000_000;

export interface Control {
  /** Whose payment service this is. */
  readonly serves: { readonly project: string | null; readonly database: string | null };
  readonly service: Service;
  readonly clock: ChainClock;
  readonly requests: RequestCounts;
  readonly startedAt: number;
  /** Ends the process or the test's sandbox, after the answer is out. */
  readonly shutdown: () => void;
}

type Handler = (control: Control, body: unknown, name: string) => unknown;

/** A control route with a checked body. */
function withBody<S extends z.ZodType>(
  schema: S,
  handle: (control: Control, input: z.output<S>, name: string) => unknown,
): Handler {
  return (control, body, name) => {
    const parsed = schema.safeParse(body);
    if (!parsed.success) throw badRequest(describeIssues(parsed.error));
    return handle(control, parsed.data, name);
  };
}

const status: Handler = ({ clock, serves, startedAt, service }) => ({
  version: SANDBOX_VERSION,
  pid: process.pid,
  ...serves,
  dialect: service.world.dialect,
  chainSpeed: clock.speed,
  now: new Date(clock.now()).toISOString(),
  uptime: Math.round((service.now() - startedAt) / 1000),
});

const advance = withBody(
  z.strictObject({ advanceSeconds: z.number().min(0).max(1e9) }),
  (control, { advanceSeconds }) => {
    control.clock.advance(advanceSeconds * 1000);
    control.service.chain.settle();
    return { now: new Date(control.clock.now()).toISOString() };
  },
);

const listRows: Handler = ({ service }) => ({
  rows: service.store.registrations.everything().map((row) => ({
    ...toEntry(row, service),
    network: row.network,
    paymentSourceType: row.type,
    owner: row.owner,
  })),
});

const failRow = withBody(z.strictObject({ error: z.string().min(1) }), ({ service }, { error }, id) => {
  service.chain.fail(expectRow(service, id), error);
  return toEntry(expectRow(service, id), service);
});

const listWallets: Handler = ({ service }) =>
  service.world.wallets.map((wallet) => walletState(service, wallet.vkey));

function walletState(service: Service, vkey: string) {
  const wallet = service.world.wallets.find((candidate) => candidate.vkey === vkey);
  if (!wallet) throw notFound(`The world has no wallet ${vkey}`);
  const account = service.store.ledger.account(vkey);
  return {
    vkey,
    address: wallet.address,
    type: wallet.type,
    network: wallet.source.network,
    paymentSourceType: wallet.source.paymentSourceType,
    balanceLovelace: account.lovelace,
    lockedLovelace: account.locked,
    spentFeesLovelace: account.feesSpent,
    tokens: service.store.ledger.tokensAt(wallet.address),
  };
}

const fundWallet = withBody(
  z.strictObject({ balanceLovelace: z.int().min(0) }),
  ({ service }, input, vkey) => {
    walletState(service, vkey);
    service.store.ledger.change(vkey, { lovelace: input.balanceLovelace, freeSince: service.chainNow() });
    return walletState(service, vkey);
  },
);

const addFaults = withBody(z.strictObject({ faults: z.array(z.unknown()) }), ({ service }, { faults }) => {
  try {
    service.faults.add(faults);
  } catch (error) {
    throw error instanceof FaultError ? badRequest(error.message) : error;
  }
  return { faults: service.faults.left };
});

/** Method and path; `:name` stands for one step of the path. */
const ROUTES: Readonly<Record<string, Handler>> = {
  "GET /sandbox/status": status,
  "POST /sandbox/clock": advance,
  "GET /sandbox/faults": ({ service }) => ({ faults: service.faults.left }),
  "POST /sandbox/faults": addFaults,
  "DELETE /sandbox/faults": ({ service }) => {
    service.faults.clear();
    return { faults: [] };
  },
  "GET /sandbox/requests": ({ requests }) => ({ byRoute: requests.byRoute() }),
  "DELETE /sandbox/requests": ({ requests }) => {
    requests.reset();
    return { byRoute: {} };
  },
  "GET /sandbox/rows": listRows,
  "POST /sandbox/rows": withBody(rowSchema, ({ service }, input) => insertRow(service, input)),
  "PATCH /sandbox/rows/:name": withBody(patchSchema, ({ service }, fields, id) =>
    patchRow(service, id, fields),
  ),
  "POST /sandbox/rows/:name/fail": failRow,
  "POST /sandbox/payments": withBody(paymentSchema, ({ service }, input) => insertPayment(service, input)),
  "PATCH /sandbox/payments/:name": withBody(paymentPatchSchema, ({ service }, fields, id) =>
    patchPayment(service, id, fields),
  ),
  "DELETE /sandbox/payments": ({ service: { store } }) => {
    store.purchases.clear();
    return { deleted: store.payments.clear() };
  },
  "GET /sandbox/wallets": listWallets,
  "PATCH /sandbox/wallets/:name": fundWallet,
  "PUT /sandbox/assets/:name": withBody(assetSchema, ({ service }, input, unit) =>
    putAsset(service, unit, input),
  ),
  "PATCH /sandbox/assets/:name": withBody(moveSchema, ({ service }, input, unit) =>
    moveAsset(service, unit, input.holder),
  ),
  "DELETE /sandbox/assets/:name": ({ service }, _, unit) => {
    service.store.ledger.removeAsset(unit);
    return { unit };
  },
  "POST /sandbox/shutdown": ({ shutdown }) => {
    shutdown();
    return { shuttingDown: true };
  },
};

function find({ method, path }: Request): { handle: Handler; name: string } {
  const steps = path.replace(/\/$/, "").split("/");
  const name = steps[3] ?? "";
  const pattern = [
    ...steps.slice(0, 3),
    ...(steps[3] === undefined ? [] : [":name"]),
    ...steps.slice(4),
  ].join("/");
  const handle = ROUTES[`${method} ${pattern}`];
  if (handle) return { handle, name };
  throw notFound(
    `The sandbox has no ${method} ${path}. Its control routes: ${Object.keys(ROUTES).join(", ")}`,
  );
}

/** The routes under /sandbox: JSON in and out, no key, reached from this machine only. */
export function controlArea(control: Control): Area {
  return {
    bodyLimit: BODY_LIMIT,
    faultFor: () => undefined,
    answer: (request) => Promise.resolve(answer(control, request)),
  };
}

function answer(control: Control, request: Request): Answer {
  try {
    const { handle, name } = find(request);
    // A page cannot send any other method, or this type, without asking first.
    if (request.method === "POST" && !/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
      return json(415, { error: "Send it as application/json" });
    }
    control.service.chain.settle();
    const body: unknown = request.body.length > 0 ? JSON.parse(request.body.toString("utf8")) : {};
    return json(200, handle(control, body, name));
  } catch (error) {
    if (error instanceof ServiceError) return json(error.status, { error: error.message });
    if (error instanceof SyntaxError) return json(400, { error: `The body is not JSON: ${error.message}` });
    throw error;
  }
}
