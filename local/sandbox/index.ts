import { once } from "node:events";
import type { Server } from "node:http";
import { resolve } from "node:path";
import { type ChainSpeed, ChainClock } from "./chain/clock.ts";
import { controlArea } from "./control/control.ts";
import { type FaultInput, Faults } from "./faults.ts";
import { type Area, createSandboxServer } from "./http/server.ts";
import { newCuid } from "./ids.ts";
import { modelArea } from "./model/model.ts";
import { RequestCounts } from "./http/request-counts.ts";
import type { Service } from "./service/endpoint.ts";
import { BODY_LIMIT, paymentService } from "./service/service.ts";
import { SimulatedChain } from "./simulated-chain.ts";
import { asWritten, shuffled } from "./shuffle.ts";
import { Store } from "./store/store.ts";
import { loadWorld, readWorld, type World, WorldError } from "./world.ts";

export type { ChainSpeed } from "./chain/clock.ts";
export { type FaultInput, FaultError, parseFault } from "./faults.ts";
export { type World, WorldError };
export { DatabaseVersionError } from "./store/database.ts";

/** How often the chain moves on when nobody looks. */
const IDLE_SETTLE_MS = 1_000;

export interface SandboxOptions {
  /** Port on 127.0.0.1; default 0 = any free one. */
  readonly port?: number;
  /** Whether the next free port is taken if that one is in use; default false. */
  readonly nextPort?: boolean;
  /** The folder of the project whose payment service this is; default: of none. */
  readonly project?: string;
  /** Database file; default: in memory. */
  readonly db?: string;
  /** World file, or its parsed content; default: world.default.json beside this module. */
  readonly world?: string | object;
  /** Default 1 = as fast as the real chain. */
  readonly chainSpeed?: ChainSpeed;
  readonly faults?: readonly FaultInput[];
  /** Further names or addresses by which it may be asked, besides those of loopback; default: none. */
  readonly allowedHosts?: readonly string[];
  /** Whether pages of any origin may ask, as they may ask the real service; default false. */
  readonly cors?: boolean;
  /** Whether refused keys wait up to a second, as on the real service; default false. */
  readonly authDelay?: boolean;
  /** By how many seconds the service's own clock (stamps of rows, Date header) is ahead of this machine's; default 0. */
  readonly clockSkewSeconds?: number;
  /** Returns what has no order of its own (rows of the same moment, prices) in a random order; default false. */
  readonly shuffle?: boolean;
  /** Called after an answered POST /sandbox/shutdown; default: the sandbox closes itself. */
  readonly onShutdown?: () => void;
  /** Real time in milliseconds; a test may pass its own. */
  readonly now?: () => number;
  /** Creates the ids of rows; a test may pass its own. */
  readonly newId?: () => string;
}

export interface RunningSandbox {
  /** Origin, like http://127.0.0.1:4801. */
  readonly url: string;
  readonly clock: ChainClock;
  readonly project: string | null;
  /** The database's file, absolute; null: in memory. */
  readonly database: string | null;
  close(): Promise<void>;
}

/** Row stamps that never repeat, so that "newest first" has one order. */
function risingStamps(now: () => number): () => number {
  let last = 0;
  return () => (last = Math.max(now(), last + 1));
}

function worldOf(world: SandboxOptions["world"]): World {
  return typeof world === "object" ? readWorld(world, "(given as an object)") : loadWorld(world);
}

/** Opens the database; agents in it must find their wallets in the world. */
function openStore(world: World, file: string | undefined, shuffle: boolean): Store {
  const store = new Store(world, { file, shuffle });
  const missing = store.usedWallets().filter((vkey) => !world.wallets.some((wallet) => wallet.vkey === vkey));
  if (missing.length === 0) return store;
  store.close();
  throw new WorldError(
    `for the database ${file}`,
    missing.map((vkey) => `the database has agents of the wallet ${vkey}, which the world does not define`),
  );
}

/** The service over its database and its chain, and its own clock. */
function openService(options: SandboxOptions) {
  const { shuffle = false, clockSkewSeconds = 0, now: real = Date.now } = options;
  const world = worldOf(options.world);
  const faults = new Faults();
  faults.add(options.faults ?? []);
  const store = openStore(world, options.db, shuffle);
  const clock = new ChainClock({
    speed: options.chainSpeed ?? 1,
    real,
    startsAt: store.chainTime,
    leaps: store.chainLeaps,
  });
  for (const wallet of world.wallets) store.ledger.meet(wallet, clock.now());
  const time = () => real() + clockSkewSeconds * 1_000;
  // Rows of the same moment have no order: whoever wants them shuffled gets such rows.
  const now = options.now || shuffle ? time : risingStamps(time);
  const service: Service = {
    world,
    store,
    chain: new SimulatedChain({ world, store, clock, faults, now }),
    faults,
    now,
    newId: options.newId ?? (() => newCuid(time())),
    chainNow: () => clock.now(),
    deadlineTime: () => clock.deadlineTime(),
    unordered: shuffle ? shuffled : asWritten,
  };
  return { service, clock, time };
}

/**
 * Starts the simulated payment service with its chain, and the stub model, on loopback.
 * Throws WorldError, FaultError or DatabaseVersionError for what it was given, and the listening error of the port.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<RunningSandbox> {
  const { service, clock, time } = openService(options);
  const { store, chain, faults } = service;
  const requests = new RequestCounts();

  const shutdown = () => {
    if (options.onShutdown) options.onShutdown();
    else void close();
  };
  const serves = { project: options.project ?? null, database: options.db ? resolve(options.db) : null };
  const control = controlArea({
    serves,
    service,
    clock,
    requests,
    startedAt: time(),
    // The answer to the request goes out first.
    shutdown: () => setTimeout(shutdown, 50),
  });
  const model = modelArea({ faults, requests });
  const payments = paymentArea(service, requests, options);
  const guard = {
    allowedHosts: (options.allowedHosts ?? []).map((host) => host.toLowerCase()),
    cors: options.cors ?? false,
  };
  const { server, ...http } = createSandboxServer({
    areaOf: (path) => {
      if (path.startsWith("/sandbox")) return control;
      return path.startsWith("/model/v1") ? model : payments;
    },
    guard,
    now: time,
  });

  await listen(server, options).catch((error: unknown) => {
    store.close();
    throw error;
  });
  const runs = typeof clock.speed === "number" && clock.speed > 0;
  const idle = runs ? setInterval(() => chain.settle(), IDLE_SETTLE_MS) : undefined;
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : options.port;

  let closed: Promise<void> | undefined;
  const close = () =>
    (closed ??= http.close().then(() => {
      clearInterval(idle);
      store.chainTime = clock.now();
      store.close();
      return undefined;
    }));
  return { url: `http://127.0.0.1:${port}`, clock, ...serves, close };
}

const LAST_PORT = 65_535;

/** Listens on the port, or on the next that is free: only who listens knows that it is, whatever starts in the same moment. */
async function listen(server: Server, { port = 0, nextPort = false }: SandboxOptions): Promise<void> {
  for (let candidate = port; ; candidate += 1) {
    server.listen(candidate, "127.0.0.1");
    try {
      await once(server, "listening");
      return;
    } catch (error) {
      const isInUse = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (!isInUse || !nextPort || candidate >= LAST_PORT) throw error;
    }
  }
}

function paymentArea(
  service: Service,
  requests: RequestCounts,
  { authDelay = false, cors = false }: SandboxOptions,
): Area {
  const payments = paymentService(service, { authDelay, cors });
  return {
    bodyLimit: BODY_LIMIT,
    faultFor: (request) => {
      const { route } = payments.target(request);
      requests.add(route);
      return service.faults.takeForAnswer(route);
    },
    answer: (request, signal) => payments.answer(request, payments.target(request), signal),
  };
}
