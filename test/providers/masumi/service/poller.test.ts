import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { MasumiClient } from "../../../../providers/masumi/service/client/client.ts";
import { isLive } from "../../../../providers/masumi/service/model.ts";
import { RegistryView } from "../../../../providers/masumi/service/reads/poller.ts";
import { V1, failureOf } from "../inputs.ts";
import { type Service, WORLDS, startService } from "../service.ts";

const viewOf = (service: Service) => {
  const client = new MasumiClient({ url: service.url, token: "sandbox-pay-key", timeoutMs: 30_000 });
  return { client, view: new RegistryView(client, { network: "Preprod", type: "V1" }) };
};
const rowFields = (name: string) => ({
  wallet: V1.vkey,
  name,
  description: "",
  apiBaseUrl: "https://x.example",
  Tags: ["x"],
  AgentPricing: { pricingType: "Free" },
});
const looks = async (service: Service) => {
  const requests = await service.requests();
  return { full: requests["GET /registry"] ?? 0, changes: requests["GET /registry/diff"] ?? 0 };
};

describe.concurrent("the view of the registry", () => {
  test("is read once for all who ask at the same time, and again when it is too old", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { id } = await service.insert(rowFields("a"));
    const { view } = viewOf(service);
    const read = await Promise.all(Array.from({ length: 20 }, () => view.rows(60_000)));
    expect(read.every((rows) => rows.has(id))).toBe(true);
    expect(await looks(service)).toEqual({ full: 1, changes: 0 });
    const { id: second } = await service.insert(rowFields("b"));
    expect((await view.rows(60_000)).has(second)).toBe(false);
    expect((await view.rows(0)).has(second)).toBe(true);
    expect(await looks(service)).toEqual({ full: 1, changes: 1 });
  });

  test("is read fewer times than it takes to read it again and again while everybody asks", async () => {
    await using service = await startService({ chainSpeed: 0 });
    await service.insert(rowFields("a"));
    const { view } = viewOf(service);
    await view.rows(0);
    await service.fault({ route: "GET /registry/diff", kind: "late-answer", ms: 200, count: 99 });
    const asked: Promise<unknown>[] = [];
    for (let time = 0; time < 12; time += 1) {
      asked.push(view.rows(0));
      await delay(100);
    }
    await Promise.all(asked);
    expect((await looks(service)).changes).toBeLessThanOrEqual(4);
  });

  test("is read in full when more changed than one answer can name", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { view } = viewOf(service);
    await service.insert(rowFields("first"));
    await view.rows(0);
    for (let index = 0; index < 120; index += 1) await service.insert(rowFields(`row ${index}`));
    expect((await view.rows(0)).size).toBe(121);
  });

  test("is read in full where the service has no list of changes", async () => {
    await using service = await startService({ world: WORLDS["release 0.21"], chainSpeed: 0 });
    const { view } = viewOf(service);
    await service.insert(rowFields("a"));
    await view.rows(0);
    await service.insert(rowFields("b"));
    expect((await view.rows(0)).size).toBe(2);
    expect((await looks(service)).changes).toBe(0);
  });

  test("knows what a write of ours was answered, also against a read that began before", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { id } = await service.insert(rowFields("a"));
    const { view } = viewOf(service);
    await service.fault({ route: "GET /registry", kind: "late-answer", ms: 400 });
    const reading = view.rows(0);
    const row = (await viewOf(service).view.rows(0)).get(id);
    if (!row) throw new Error("no row");
    view.note({ ...row, state: "DeregistrationRequested" });
    expect((await reading).get(id)?.state).toBe("DeregistrationRequested");
    expect((await view.rows(0)).get(id)?.state).toBe("RegistrationRequested");
  });

  test("fails for all who asked when it cannot be read, and works again later", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { view } = viewOf(service);
    await service.fault({ route: "GET /registry", kind: "error-before-write", count: 4 });
    const failures = await Promise.all([failureOf(view.rows(0)), failureOf(view.rows(1_000))]);
    expect(failures.map(({ code }) => code)).toEqual(["SERVICE_FAILED", "SERVICE_FAILED"]);
    expect((await view.rows(0)).size).toBe(0);
  });
});

describe.concurrent("waits", () => {
  test("end one by one as their rows change; a judgement that throws ends its own alone", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { view } = viewOf(service);
    const a = await service.insert(rowFields("a"));
    const b = await service.insert(rowFields("b"));
    const until = Date.now() + 20_000;
    const deadline = () => until;
    const ends: string[] = [];
    const waitFor = (id: string, name: string) =>
      view
        .waitFor(id, { deadline, judge: (row) => (row && isLive(row.state) ? row.state : undefined) })
        .then((state) => ends.push(`${name} ${state}`));
    const first = waitFor(a.id, "a");
    const second = waitFor(b.id, "b");
    await expect(
      view.waitFor(b.id, {
        deadline,
        judge: () => {
          throw new Error("mine alone");
        },
      }),
    ).rejects.toThrow("mine alone");
    await service.patch(b.id, { state: "RegistrationConfirmed" });
    await second;
    await service.patch(a.id, { state: "RegistrationConfirmed" });
    await first;
    expect(ends).toEqual(["b RegistrationConfirmed", "a RegistrationConfirmed"]);
  });

  test("notice soon that a row is in no list any more", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { id } = await service.insert(rowFields("a"));
    await service.insert(rowFields("b"));
    const { view } = viewOf(service);
    await view.rows(0);
    for (const route of ["GET /registry", "GET /registry/diff", "GET /registry/count"]) {
      await service.fault({ kind: "hide-rows", route, count: 999, name: "a" });
    }
    const until = Date.now() + 60_000;
    const seen = await view.waitFor(id, {
      deadline: () => until,
      judge: (row) => (row ? undefined : "missing"),
    });
    expect(seen).toBe("missing");
  }, 70_000);

  test("read all rows once more, and no more than that, if the list of changes alone lacks one", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { id } = await service.insert(rowFields("a"));
    const { view } = viewOf(service);
    await view.rows(0);
    await service.fault({ kind: "hide-rows", route: "GET /registry/diff", count: 999 });
    const until = Date.now() + 3_000;
    await view.waitFor(id, { deadline: () => until, judge: () => undefined });
    expect((await looks(service)).full).toBe(2);
  });

  test("end with nothing when their time is over", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { view } = viewOf(service);
    const seen: (string | undefined)[] = [];
    const startedAt = Date.now();
    const result = await view.waitFor("none", {
      deadline: () => startedAt + 50,
      judge: () => undefined,
      onLook: (row) => seen.push(row?.state),
    });
    expect(result).toBeUndefined();
    expect(seen.length).toBeGreaterThan(0);
  });

  test("of a service that was never reached end at once", async () => {
    const service = await startService({ chainSpeed: 0 });
    const { view } = viewOf(service);
    await service.stop();
    const waiting = view.waitFor("row", { deadline: () => Infinity, judge: () => undefined });
    expect(await failureOf(waiting)).toMatchObject({ code: "SERVICE_UNREACHABLE" });
  });

  test("outlast a service that is away, hear of it, and end with its trouble when the time is over", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { view } = viewOf(service);
    await view.rows(0);
    await service.stop();
    const heard: string[] = [];
    const until = Date.now() + 4_000;
    const waiting = view.waitFor("row", {
      deadline: () => until,
      judge: () => undefined,
      onTrouble: (error) => heard.push(error.message),
    });
    expect(await failureOf(waiting)).toMatchObject({ code: "SERVICE_UNREACHABLE" });
    expect(heard[0]).toContain("SERVICE_UNREACHABLE");
    await service.startAgain();
  });

  test("ask less and less often while nothing changes", async () => {
    await using service = await startService({ chainSpeed: 0 });
    const { id } = await service.insert(rowFields("a"));
    const { view } = viewOf(service);
    const startedAt = Date.now();
    await view.waitFor(id, { deadline: () => startedAt + 3_000, judge: () => undefined });
    const { full, changes } = await looks(service);
    expect(full + changes).toBeLessThanOrEqual(8);
  });
});
