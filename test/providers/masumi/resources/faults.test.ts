import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { SandboxOptions } from "../../../../local/sandbox/index.ts";
import { ERROR_CODES, MasumiError } from "../../../../providers/masumi/service/errors.ts";
import { ConcurrencyLimit } from "../../../../providers/common/concurrency-limit.ts";
import { type Registered, answering, registered } from "../agent.ts";
import { V2, confirmationOf } from "../inputs.ts";
import { type Run, startRun } from "../run.ts";
import { type Service, startService } from "../service.ts";

/*
 * Every operation against every fault: whatever happens, one attempt more by a new run ends with exactly one live
 * registration of the right content (or with none, after a delete), and the service never did a costly thing twice.
 */

const KEY = "sandbox-pay-key";
const folder = mkdtempSync(join(tmpdir(), "masumi-faults-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inputs = answering({ settleSeconds: 1 });
const renamed = answering({ settleSeconds: 1, listing: { name: "Renamed" } });

/** What an earlier run left. */
type Before = Pick<Registered, "id" | "outs"> | undefined;

interface Operation {
  /** The request that the fault hits. */
  readonly route: string;
  /** How often, where one hit would only be tried again. */
  readonly hits: number;
  readonly prepare: (service: Service) => Promise<Before>;
  /** What a run does; a later run does the same again if the state still asks for it. */
  readonly act: (run: Run, before: Before) => Promise<unknown>;
  /** The names of the live registrations at the end. */
  readonly leaves: readonly string[];
  /** What else must hold of the agent's rows. */
  readonly verify?: (ours: Awaited<ReturnType<Service["rows"]>>) => void;
}

const need = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error("nothing was prepared");
  return value;
};
const created = (service: Service) => startRun(service.url).create(inputs);
const name = inputs.listing.name;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  create: {
    route: "POST /registry",
    hits: 1,
    prepare: async () => undefined,
    act: (run) => run.create(inputs),
    leaves: [name],
  },
  "create that takes over": {
    route: "GET /registry",
    hits: 9,
    prepare: created,
    act: async (run, before) => expect((await run.create(inputs)).id).toBe(before?.id),
    leaves: [name],
  },
  confirm: {
    route: "GET /registry",
    hits: 9,
    prepare: created,
    act: async (run, before) => {
      const confirmed = await run.confirm(confirmationOf(need(before).id, inputs, { waitMinutes: 1 }));
      expect(confirmed).toMatchObject({ state: "RegistrationConfirmed" });
      expect(confirmed.agentIdentifier).toHaveLength(120);
    },
    leaves: [name],
  },
  update: {
    route: "POST /registry/update",
    hits: 1,
    prepare: registered,
    act: async (run, before) => {
      const { id, outs } = need(before);
      await run.diff(id, outs, (await run.check(renamed)).inputs);
      await run.update(id, outs, renamed);
      await run.confirm(confirmationOf(id, renamed, { revision: "2", waitMinutes: 1 }));
    },
    leaves: ["Renamed"],
    verify: (ours) => {
      // The identifier counts the updates that the service made.
      expect(ours.map(({ agentIdentifier }) => agentIdentifier?.slice(-6))).toEqual(["000001"]);
    },
  },
  delete: {
    route: "POST /registry/deregister",
    hits: 1,
    prepare: registered,
    act: (run, before) => run.remove(need(before).id, need(before).outs),
    leaves: [],
    verify: (ours) => expect(ours.map(({ state }) => state)).toEqual(["DeregistrationConfirmed"]),
  },
  read: {
    route: "GET /registry",
    hits: 9,
    prepare: registered,
    act: async (run, before) => {
      const { id, outs } = need(before);
      const read = await run.read(id, outs);
      expect(read).toMatchObject({ id, props: { state: "RegistrationConfirmed", content: outs.content } });
    },
    leaves: [name],
  },
};

type Fault = Readonly<Record<string, unknown>>;
interface Trouble {
  readonly options?: SandboxOptions;
  readonly fault?: Fault;
  /** Each hang takes as long as a time-out. */
  readonly mostHits?: number;
  /** What happens to the service while the first attempt is under way. */
  readonly meanwhile?: (service: Service, operation: Operation) => Promise<void>;
  /** Registrations of others in the same list, all of the same moment. */
  readonly neighbours?: number;
  /** Before the first attempt, and before the second. */
  readonly first?: (service: Service) => Promise<void>;
  readonly second?: (service: Service) => Promise<void>;
}

/** The service ends as soon as the request is there, and is back a moment later. */
const restart = async (service: Service, { route }: Operation) => {
  const hits = async () => (await service.requests())[route] ?? 0;
  const before = await hits();
  await vi.waitFor(async () => expect(await hits()).toBeGreaterThan(before), {
    timeout: 30_000,
    interval: 20,
  });
  await service.stop();
  await service.startAgain();
};
const database = () => ({ db: join(mkdtempSync(join(folder, "db-")), "sandbox.sqlite") });

const FAULTS: Readonly<Record<string, Trouble>> = {
  refused: {
    options: database(),
    first: (service) => service.stop(),
    second: (service) => service.startAgain(),
  },
  "reset before the write": { fault: { kind: "lost-before-write" } },
  "reset after the write": { fault: { kind: "lost-after-write" } },
  "hang before the write": { fault: { kind: "hang-before-write" }, mostHits: 4 },
  "hang after the write": { fault: { kind: "hang-after-write" }, mostHits: 4 },
  ...Object.fromEntries(
    [500, 502, 503].flatMap((status) => {
      const body = status === 500 ? "json" : "html";
      return [
        [`${status} without the write`, { fault: { kind: "error-before-write", status, body } }],
        [`${status} after the write`, { fault: { kind: "error-after-write", status, body } }],
      ];
    }),
  ),
  "429 with Retry-After": { fault: { kind: "rate-limit", retryAfter: 1 } },
  "a page instead of JSON": { fault: { kind: "not-json", status: 200 } },
  "truncated JSON": { fault: { kind: "truncated-json" } },
  "the service's clock an hour ahead": { options: { clockSkewSeconds: 3_600 } },
  "the service's clock an hour behind": { options: { clockSkewSeconds: -3_600 } },
  "rows in another order": { options: { shuffle: true }, neighbours: 105 },
  "a restart before the write": {
    options: database(),
    fault: { kind: "slow", ms: 400 },
    meanwhile: restart,
  },
  "a restart after the write": {
    options: database(),
    fault: { kind: "late-answer", ms: 400 },
    meanwhile: restart,
  },
};

/** How the first attempt ended: its error's code, or "done". */
async function attempt(
  service: Service,
  operation: Operation,
  before: Before,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const run = startRun(service.url, {
    token: KEY,
    env,
    timeoutMs: 3_000,
    config: { "masumi:settleSeconds": "1", "masumi:waitMinutes": "1" },
  });
  try {
    await operation.act(run, before);
    return "done";
  } catch (error) {
    if (!(error instanceof MasumiError)) throw error;
    expect(Object.keys(ERROR_CODES)).toContain(error.code);
    expect(error.remedy).toMatch(/^[A-Z].*\.$/s);
    expect(error.message).not.toContain(KEY);
    return error.code;
  }
}

async function tryOut(operation: Operation, trouble: Trouble): Promise<void> {
  const { options = {}, fault, neighbours = 0, first, second, meanwhile } = trouble;
  const file = options.db === undefined ? {} : database();
  await using service = await startService({ chainSpeed: "instant", ...options, ...file });
  const before = await operation.prepare(service);
  await Promise.all(Array.from({ length: neighbours }, (_, index) => service.insert(neighbour(index))));
  const count = meanwhile ? 1 : Math.min(operation.hits, trouble.mostHits ?? operation.hits);
  if (fault) await service.fault({ route: operation.route, count, ...fault });
  await first?.(service);
  const [outcome] = await Promise.all([attempt(service, operation, before), meanwhile?.(service, operation)]);
  await second?.(service);
  if (fault) expect(await service.faultsLeft()).toBeLessThan(count);
  await service.clearFaults();
  if (outcome !== "done") await makeUpFor(service, operation, before);

  const ours = (await service.rows()).filter(({ Tags }) => Tags.includes(inputs.marker));
  // Every POST that the service executed has left a row.
  expect(ours).toHaveLength(1);
  expect(ours.filter(isLive).map((row) => row.name)).toEqual(operation.leaves);
  operation.verify?.(ours);
}

/** A further run does the same again. If nobody knows what became of a request, a person says that nothing did. */
async function makeUpFor(service: Service, operation: Operation, before: Before): Promise<void> {
  const outcome = await attempt(service, operation, before);
  if (outcome !== "REGISTRATION_UNSETTLED") return expect(outcome).toBe("done");
  expect(await service.rows()).toEqual([]);
  const env = { MASUMI_FORGET_REGISTRATION: inputs.agentId };
  expect(await attempt(service, operation, before, env)).toBe("done");
}

const isLive = ({ state }: { readonly state: string }) => state !== "DeregistrationConfirmed";
const neighbour = (index: number) => ({
  wallet: V2.vkey,
  name: `Neighbour ${index}`,
  description: "",
  apiBaseUrl: "https://neighbour.example",
  Tags: ["x"],
  supportedPaymentSources: [],
  createdAt: "2026-01-01T00:00:00.000Z",
});

/** They mostly wait, so many go on at the same time; each is started here and awaited by its test. */
const slots = new ConcurrencyLimit(20);

describe.each(Object.entries(OPERATIONS))("%s", (_operation, operation) => {
  const cells = Object.entries(FAULTS).map(([fault, trouble]) => {
    const ended = slots
      .run(() => tryOut(operation, trouble))
      .then(
        () => "as it should",
        (error: unknown) => error,
      );
    return [fault, ended] as const;
  });

  test.each(cells)("%s", async (_fault, ended) => {
    expect(await ended).toBe("as it should");
  });
});
