import { describe, expect, test } from "vitest";
import { digestOf } from "../../../../providers/masumi/service/rules/content.ts";
import type { RegistrationInputs } from "../../../../providers/masumi/resources/inputs.ts";
import { type Registered, answering, registered } from "../agent.ts";
import { V1, confirmationOf, failureOf } from "../inputs.ts";
import { type Run, startRun } from "../run.ts";
import { startServer } from "../servers.ts";
import { type Service, startService } from "../service.ts";

const updates = async (service: Service) => (await service.requests())["POST /registry/update"] ?? 0;
const renamed = answering({ listing: { name: "Renamed" } });

/** What the engine does with changed inputs. */
async function applyUpdate(run: Run, old: Pick<Registered, "id" | "outs">, news: RegistrationInputs) {
  const { inputs } = await run.check(news);
  expect(await run.diff(old.id, old.outs, inputs)).toMatchObject({ changes: true, replaces: [] });
  return run.update(old.id, old.outs, inputs);
}

test.concurrent(
  "changed content goes to the chain in place; the identifier changes, and the next run plans nothing",
  async () => {
    await using service = await startService();
    const old = await registered(service);
    const run = startRun(service.url);
    const before = await run.confirm(confirmationOf(old.id, old.inputs));
    const outs = await applyUpdate(run, old, renamed);
    expect(outs).toMatchObject({
      revision: "2",
      state: "UpdateRequested",
      apiBaseUrl: renamed.listing.apiBaseUrl,
    });
    const after = await run.confirm(confirmationOf(old.id, renamed, { revision: "2" }));
    expect(after).toMatchObject({ state: "UpdateConfirmed" });
    expect(after.agentIdentifier.slice(0, -6)).toBe(before.agentIdentifier.slice(0, -6));
    expect(after.agentIdentifier).toMatch(/000001$/);

    const next = startRun(service.url);
    const { inputs } = await next.check(renamed);
    expect(await next.diff(old.id, outs, inputs)).toMatchObject({ changes: false });
    expect(await service.rows()).toMatchObject([{ id: old.id, name: "Renamed" }]);
  },
);

test.concurrent("texts that are removed are gone, and stay no difference", async () => {
  await using service = await startService();
  const old = await registered(
    service,
    answering({
      listing: {
        author: { name: "A", contactEmail: "a@a.example", organization: "Org" },
        legal: { terms: "t", other: "o" },
      },
    }),
  );
  const bare = answering({ listing: { author: { name: "A" }, legal: {} } });
  const run = startRun(service.url);
  const outs = await applyUpdate(run, old, bare);
  const [row] = await service.rows();
  expect(row).toMatchObject({
    Author: { contactEmail: "", contactOther: null, organization: "" },
    Legal: { privacyPolicy: null, terms: "", other: "" },
  });
  const { props, inputs } = await startRun(service.url).read(old.id, outs);
  expect(inputs).toBeUndefined();
  if (!props) throw new Error("gone");
  expect(await startRun(service.url).diff(old.id, props, bare)).toMatchObject({ changes: false });
});

test.concurrent("an agent that does not answer is not updated", async () => {
  await using service = await startService();
  await using silent = await startServer((_request, response) => response.writeHead(500).end());
  const old = await registered(service);
  const news = answering({
    listing: { apiBaseUrl: silent.url },
    probe: { allowPrivate: true, timeoutSeconds: 0 },
  });
  expect(await failureOf(applyUpdate(startRun(service.url), old, news))).toMatchObject({
    code: "AGENT_NOT_ANSWERING",
  });
  expect(await updates(service)).toBe(0);
});

test.concurrent("a registration that is still pending is waited for first", async () => {
  await using service = await startService({ chainSpeed: 0 });
  const inputs = answering();
  const { id, outs } = await startRun(service.url).create(inputs);
  const updating = applyUpdate(startRun(service.url), { id, outs }, renamed);
  await service.advance(30);
  await service.advance(120);
  expect(await updating).toMatchObject({ state: "UpdateRequested" });
  expect(await updates(service)).toBe(1);
});

test.concurrent("a wait for a pending registration ends with what to do", async () => {
  await using service = await startService({ chainSpeed: 0 });
  const inputs = answering();
  const { id, outs } = await startRun(service.url).create(inputs);
  const run = startRun(service.url, { config: { "masumi:waitMinutes": "0.01" } });
  expect(await failureOf(applyUpdate(run, { id, outs }, renamed))).toMatchObject({
    code: "MASUMI_STILL_PENDING",
  });
});

describe.concurrent("an answer that is lost", () => {
  test.each<[string, Record<string, unknown>]>([
    ["reset after the write", { kind: "lost-after-write" }],
    ["500 after the write", { kind: "error-after-write" }],
    ["a page after the write", { kind: "not-json" }],
    ["written later", { kind: "late-write", ms: 1_000 }],
  ])("is looked up in the row: %s", async (_name, fault) => {
    await using service = await startService();
    const old = await registered(service);
    await service.fault({ route: "POST /registry/update", ...fault });
    expect(await applyUpdate(startRun(service.url), old, renamed)).toMatchObject({ revision: "2" });
    expect(await updates(service)).toBe(1);
  });

  test("and had no effect ends unclear; the next run updates", async () => {
    await using service = await startService();
    const old = await registered(service);
    await service.fault({ route: "POST /registry/update", kind: "lost-before-write" });
    const news = { ...renamed, settleSeconds: 0 };
    expect(await failureOf(applyUpdate(startRun(service.url), old, news))).toMatchObject({
      code: "UPDATE_UNCLEAR",
    });
    expect(await service.rows()).toMatchObject([{ name: "Market Researcher" }]);
    await applyUpdate(startRun(service.url), old, renamed);
    expect(await service.rows()).toMatchObject([{ name: "Renamed" }]);
  });
});

test.concurrent(
  "a run that died after its request left an update that the next run does not send again",
  async () => {
    await using service = await startService({ chainSpeed: 0 });
    const inputs = answering();
    const { id, outs } = await startRun(service.url).create(inputs);
    await service.advance(30);
    await service.advance(120);
    await applyUpdate(startRun(service.url), { id, outs }, renamed);
    expect(await applyUpdate(startRun(service.url), { id, outs }, renamed)).toMatchObject({
      revision: "2",
    });
    expect(await updates(service)).toBe(1);
  },
);

test.concurrent("an update that failed is sent again, although the row shows the new content", async () => {
  await using service = await startService();
  const old = await registered(service);
  await service.fault({ kind: "fail-transaction", operation: "Update" });
  const run = startRun(service.url);
  const outs = await applyUpdate(run, old, renamed);
  const failure = await failureOf(run.confirm(confirmationOf(old.id, renamed, { revision: "2" })));
  expect(failure.code).toBe("UPDATE_FAILED");

  const next = startRun(service.url);
  const news = { ...renamed, recover: [{ rowId: old.id, state: "UpdateFailed" }] };
  const again = await applyUpdate(next, { ...old, outs }, news);
  expect(again.revision).toBe("3");
  expect(await next.confirm(confirmationOf(old.id, renamed, { revision: "3" }))).toMatchObject({
    state: "UpdateConfirmed",
  });
  expect(await updates(service)).toBe(2);
});

test.concurrent("an update made elsewhere changed the identifier: the new one is used", async () => {
  await using service = await startService();
  const old = await registered(service);
  const run = startRun(service.url);
  await run.session.allRows("Preprod", 0);
  await applyUpdate(startRun(service.url), old, answering({ listing: { name: "Elsewhere" } }));
  expect(await applyUpdate(run, old, renamed)).toMatchObject({ content: digestOf(renamed) });
  expect((await service.rows())[0]).toMatchObject({ name: "Renamed", state: "UpdateConfirmed" });
});

test.concurrent.each([
  ["DeregistrationRequested", "REGISTRATION_LEAVING"],
  ["DeregistrationConfirmed", "REGISTRATION_GONE"],
  ["DeregistrationFailed", "DEREGISTRATION_FAILED"],
  ["RegistrationFailed", "REGISTRATION_FAILED"],
])("a registration in state %s is not updated: %s", async (state, code) => {
  await using service = await startService({ chainSpeed: 0 });
  const inputs = answering();
  const { id, outs } = await startRun(service.url).create(inputs);
  await service.patch(id, { state });
  expect(await failureOf(startRun(service.url).update(id, outs, renamed))).toMatchObject({ code });
  expect(await updates(service)).toBe(0);
});

test.concurrent("the update of another key's registration is refused with the remedy", async () => {
  await using service = await startService();
  const inputs = answering();
  const { id, outs } = await startRun(service.url, { token: "sandbox-admin-key" }).create(inputs);
  const failure = await failureOf(applyUpdate(startRun(service.url), { id, outs }, renamed));
  expect(failure).toMatchObject({ code: "OTHER_KEYS_ROW", status: 403 });
});

test.concurrent("what is not on the chain never causes a request", async () => {
  await using service = await startService();
  const old = await registered(service, answering({ wallet: V1 }));
  const before = await service.requests();
  const run = startRun(service.url);
  const unseen = { settleSeconds: 99, probe: { allowPrivate: false }, resourceUrn: "urn:else" };
  const news = { ...old.inputs, ...unseen, recover: [] };
  const { inputs, failures } = await run.check(news);
  expect(failures).toEqual([]);
  expect(await run.diff(old.id, old.outs, inputs)).toEqual({
    changes: false,
    replaces: [],
    deleteBeforeReplace: false,
  });
  expect(await service.requests()).toEqual(before);
});
