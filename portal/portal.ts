import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Hono } from "hono";
import { PACKAGE_ROOT } from "../providers/common/own-files.ts";
import { crewFolder, ensurePythonEnvironment } from "../providers/crew-process/local/index.ts";
import { DATABASE_URL } from "../stacks/costs/database.ts";
import { type Environment, makeRealStack } from "../stacks/index.ts";
import { createApi } from "./api/app.ts";
import { Changes } from "./api/changes.ts";
import { type BillingSettings, type Gate, openGate } from "./billing/index.ts";
import { startLocalBilling } from "./billing/local.ts";
import { GitApart } from "./commits/git-apart.ts";
import { Repository } from "./commits/repository.ts";
import { allFleets } from "./database/fleets.ts";
import { type OpenedDatabase, openDatabase } from "./database/open.ts";
import { drainLapsed } from "./drain.ts";
import { checkDocuments, documentsPlace, openDocuments } from "./documents/place.ts";
import { FleetDirectory } from "./fleets/fleets.ts";
import { prepareLocalFleet } from "./fleets/local.ts";
import { VENV } from "./fleets/project.ts";
import { bearerIdentity, openLocalIssuer, signInOrigins } from "./identity/index.ts";
import { buildPage } from "./page/build.ts";
import { servePage } from "./page/serve.ts";
import { type Fetch, closed, listen, urlOf } from "./listening.ts";
import { HttpProblem } from "./problem.ts";
import { RunsApart } from "./runs/apart.ts";
import { speedOf } from "./runs/expected.ts";
import { FleetQueue } from "./runs/queue.ts";
import { Upkeep } from "./runs/upkeep.ts";
import { Worker } from "./runs/worker.ts";
import { openCosts } from "./api/costs/desk.ts";
import { openRegistry } from "./api/registry/desk.ts";
import { recordRunning } from "./running.ts";
import { type Settings, withoutOwn } from "./settings.ts";
import { templateProblems } from "./templates/declare.ts";
import { OWN_TEMPLATES, readTemplates } from "./templates/template.ts";

export interface PortalOptions {
  readonly settings: Settings;
  /** What keys and switches of the runs are read from. */
  readonly env: Environment;
  /** Hears what the operator is to know. */
  readonly say: (line: string) => void;
}

export interface RunningPortal {
  /** Where its customers find it. */
  readonly url: string;
  /** Ends the portal: what is under way comes to a point from which the next start goes on. */
  close(): Promise<void>;
}

/** Starts the portal, and returns when it takes requests. */
export async function startPortal({ settings, env: all, say }: PortalOptions): Promise<RunningPortal> {
  const env = withoutOwn(all);
  const folder = resolve(settings.PORTAL_FOLDER);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Requests that come before all is there are told so; what else would take the port is told at once.
  let answer: Fetch = () => starting().getResponse();
  const server = await listen((request) => answer(request), settings);
  const closers: (() => Promise<void>)[] = [() => closed(server)];
  const close = async () => {
    for (const end of closers.toReversed()) await end();
  };
  try {
    const url = settings.PORTAL_URL ?? urlOf(server, settings);
    if (settings.DATABASE_URL === undefined) say("Opening the portal's database.");
    const opened = await openDatabase({ url: settings.DATABASE_URL, folder: join(folder, "database") });
    closers.push(() => opened.database.close());
    const instance = randomUUID();
    answer = await compose({
      settings,
      env,
      say,
      folder,
      url,
      opened,
      closers,
      instance,
      registryKey: all["MASUMI_REGISTRY_KEY"],
      crewsDatabase: all[DATABASE_URL],
    });
    const forget = recordRunning(folder, { pid: process.pid, url: urlOf(server, settings), instance });
    // It is forgotten last: until it has ended, whoever would end it is to find it.
    closers.unshift(() => Promise.resolve(forget()));
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** One start of the portal, and what its parts are made of. */
interface Start extends PortalOptions {
  readonly folder: string;
  readonly url: string;
  readonly opened: OpenedDatabase;
  /** What this start is told from others by. */
  readonly instance: string;
  /** MASUMI_REGISTRY_KEY, which no run gets. */
  readonly registryKey: string | undefined;
  /** MASUMI_DATABASE_URL, likewise. */
  readonly crewsDatabase: string | undefined;
  /** What is to be ended, in the order in which it was begun. */
  readonly closers: (() => Promise<void>)[];
}

/** Puts the portal's parts together. */
async function compose(start: Start): Promise<Fetch> {
  const { settings, env, folder, url, instance, say } = start;
  const shared = await openShared(start);
  await startWorker(start, shared);
  const gate = await openBilling(start);
  startUpkeep(start, shared, gate);
  const api = createApi({
    ...shared,
    ...(await openIdentity(settings, folder, url)),
    settings,
    gate,
    billing: settings.PORTAL_BILLING === "none" ? "none" : "stripe",
    registry: openRegistry(shared.fleets, { env: { MASUMI_REGISTRY_KEY: start.registryKey } }, say),
    costs: openCosts(shared.fleets, { ...env, [DATABASE_URL]: start.crewsDatabase }),
    env,
    url,
    instance,
    say,
  });
  servePage(api as unknown as Hono, {
    folder: await buildPage({ onProgress: say }),
    connect: settings.PORTAL_ISSUER === undefined ? [] : await signInOrigins(settings.PORTAL_ISSUER, say),
  });
  return api.fetch;
}

type Shared = Awaited<ReturnType<typeof openShared>>;

/** Opens what requests and runs both use. */
async function openShared(start: Start) {
  const { settings, folder, opened, closers, say } = start;
  const { database } = opened;
  const gits = new GitApart();
  closers.push(() => gits.close());
  const repository = new Repository(join(folder, "repository.git"), settings.PORTAL_REPOSITORY, gits.run);
  await repository.open();
  const documents = openDocuments(documentsPlace(settings, folder), folder);
  const fleets = await openFleets(start, repository);
  const templates = readTemplates(settings.PORTAL_TEMPLATES ?? OWN_TEMPLATES);
  const { project, model } = fleets;
  templateProblems(templates, { project, stack: model }).forEach(say);
  const changes = new Changes();
  await changes.start(database);
  closers.push(() => changes.stop());
  return { database, repository, documents, fleets, templates, changes };
}

/** Starts what commits and deploys. */
async function startWorker(start: Start, { database, repository, fleets }: Shared): Promise<void> {
  const { settings, env, opened, closers, say } = start;
  const queue = new FleetQueue({ url: settings.DATABASE_URL, pglite: opened.pglite }, say);
  const prepare = prepareWith(fleets, start);
  const chainSpeed = fleets.isLocal ? speedOf(settings.PORTAL_CHAIN_SPEED) : 1;
  const worker = new Worker(
    { database, repository, fleets, env, apart: new RunsApart(env), chainSpeed, prepare, queue },
    {
      batchMs: settings.PORTAL_BATCH_MS,
      runs: settings.PORTAL_RUNS,
      deploys: settings.PORTAL_DEPLOY === "here",
      fetchesEachMs:
        settings.PORTAL_REPOSITORY === undefined ? undefined : settings.PORTAL_FETCH_SECONDS * 1000,
    },
    say,
  );
  await worker.start();
  closers.push(() => worker.stop());
}

/** Starts what removes agents that are not paid for, and what is kept for its time only. */
function startUpkeep(
  { settings, closers, say }: Start,
  { database, documents, fleets }: Shared,
  gate: Gate,
): void {
  const drain = () => drainLapsed({ database, gate });
  const upkeep = new Upkeep({ database, documents, fleets, keepDays: settings.PORTAL_KEEP_DAYS, drain }, say);
  upkeep.start();
  closers.push(() => upkeep.stop());
}

/** Opens the project that the fleets' stacks run in; on this machine with what crews need. */
async function openFleets(start: Start, repository: Repository): Promise<FleetDirectory> {
  const { settings, folder, opened, say } = start;
  const fleets = new FleetDirectory({ folder, repository, prefix: settings.PORTAL_STACKS });
  if (!fleets.isLocal) {
    await fleets.placeModel();
    const numbers = (await allFleets(opened.database)).map(({ number }) => number);
    checkDocuments(await fleets.settings(numbers), documentsPlace(settings, folder));
    return fleets;
  }
  await ensurePythonEnvironment({
    crewFolder: crewFolder(PACKAGE_ROOT),
    venv: VENV,
    onProgress: say,
  });
  say("Starting its sandbox, unless that runs.");
  await prepareWith(fleets, start)(1);
  return fleets;
}

/** Returns what sees to it that a fleet's stack can run. */
function prepareWith(fleets: FleetDirectory, { settings, env, folder }: Start) {
  const options = {
    service: fleets.model,
    chainSpeed: settings.PORTAL_CHAIN_SPEED,
    documents: documentsPlace(settings, folder),
    records: settings.DATABASE_URL,
  };
  const made = new Set<number>();
  return async (number: number, signal?: AbortSignal) => {
    const [project, fleet] = [fleets.projectOf(number), fleets.named(number)];
    if (fleets.isLocal) return prepareLocalFleet(project, fleet, options, signal);
    if (made.has(number)) return;
    await makeRealStack(project, fleet.stack, { env, signal });
    made.add(number);
  };
}

/** Who users are, and what signs them in where the portal does so itself. */
async function openIdentity(settings: Settings, folder: string, url: string) {
  const { PORTAL_ISSUER: issuer, PORTAL_AUDIENCE: audience } = settings;
  if (issuer === undefined || audience === undefined) {
    const local = await openLocalIssuer({ folder, host: settings.PORTAL_HOST, url });
    return { identity: local, signInRoutes: local.routes.bind(local) };
  }
  const identity = bearerIdentity({
    issuer,
    audience,
    jwksUrl: settings.PORTAL_JWKS_URL,
    operator: settings.PORTAL_OPERATOR_CLAIM,
    email: settings.PORTAL_EMAIL_CLAIM,
  });
  return { identity };
}

/** Opens the gate; in its local form with what stands in for Stripe. */
async function openBilling({ settings, folder, url, opened, say, closers }: Start): Promise<Gate> {
  const report = (error: unknown) => say(`Billing: ${String(error)}`);
  let used: BillingSettings = settings;
  if (settings.PORTAL_BILLING === "local") {
    const local = await startLocalBilling({ folder, portalUrl: url, report });
    closers.push(() => local.close());
    used = { ...settings, ...local.settings };
  }
  const gate = await openGate({ settings: used, queries: opened.database, pageUrl: url, report });
  await gate.check?.();
  return gate;
}

const starting = () =>
  new HttpProblem({
    status: 503,
    error: "starting",
    title: "The portal is starting",
    detail: "Try again in a few seconds.",
    headers: { "Retry-After": "2" },
  });
