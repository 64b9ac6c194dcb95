import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import {
  type LedgerEntry,
  leaveRunFacts,
  parseLedger,
} from "../../../../providers/masumi/service/ledger/index.ts";
import { marker } from "../../../../providers/masumi/service/marker.ts";
import { agent, answering, burns, numbered, posts } from "../agent.ts";
import { V1, confirmationOf, failureOf } from "../inputs.ts";
import { type RunOptions, startRun } from "../run.ts";
import { startEngine } from "../servers.ts";
import { MAINNET_WALLET, WORLDS, startService } from "../service.ts";

function clone() {
  const projectFolder = mkdtempSync(join(tmpdir(), "masumi-ledger-"));
  const file = join(projectFolder, ".masumi/ledger.jsonl");
  const lines = (): readonly LedgerEntry[] =>
    existsSync(file) ? parseLedger(readFileSync(file, "utf8")).entries : [];
  return {
    projectFolder,
    file,
    lines,
    events: () => lines().map(({ event, kind }) => `${event} ${kind}`),
    [Symbol.dispose]: () => rmSync(projectFolder, { recursive: true, force: true }),
  };
}

const PLAN = "9c1f0c2ab0d1e5f7".repeat(4);
const named = (id: string) => ({ resourceUrn: `urn:pulumi:test::masumi::confirmation::${id}` });
const MAINNET: RunOptions["config"] = { "masumi:confirmMainnet": "true", "masumi:maxAda": "20" };

describe.concurrent("the ledger", () => {
  test("has a line before and after each request, and what the chain took", async () => {
    await using service = await startService();
    using project = clone();
    const { projectFolder } = project;
    await using engine = await startEngine();
    await leaveRunFacts(projectFolder, { engine: engine.address, plan: PLAN, allowDeregister: [] });
    const env = {
      GITHUB_ACTOR: "octocat",
      GITHUB_RUN_ID: "42",
      BUILD_TAG: "two\nlines",
      CI_JOB_ID: "x".repeat(300),
    };
    const config = { "masumi:owner": "example/agents" };
    const first = startRun(service.url, { projectFolder, env, config, engine });
    const inputs = answering();
    const { id, outs } = await first.create(inputs);
    await first.confirm(confirmationOf(id, inputs, named("market-researcher")));
    const changed = answering({ listing: { description: "Researches any market." } });
    const second = startRun(service.url, { projectFolder, config });
    await second.check(changed);
    const updated = await second.update(id, outs, changed);
    await second.confirm(confirmationOf(id, changed, { ...named("market-researcher"), revision: "2" }));
    await startRun(service.url, { projectFolder, config }).remove(id, updated);

    expect(project.events()).toEqual([
      "sent register",
      "answered register",
      "confirmed register",
      "sent update",
      "answered update",
      "confirmed update",
      "sent deregister",
      "answered deregister",
      "confirmed deregister",
    ]);
    const [sent, answered, confirmed] = project.lines();
    expect(sent).toMatchObject({
      stack: "test",
      network: "Preprod",
      owner: "example/agents",
      agent: "market-researcher",
      walletVkey: inputs.wallet.vkey,
      plan: PLAN,
    });
    expect(sent?.by.ci).toEqual({ GITHUB_ACTOR: "octocat", GITHUB_RUN_ID: "42" });
    expect(answered).toMatchObject({ request: sent?.request, registrationId: id, run: sent?.run });
    expect(confirmed).toMatchObject({ registrationId: id, feeLovelace: "422653", lockedLovelace: "5000000" });
    expect(new Set(project.lines().map(({ run }) => run)).size).toBe(3);
    expect(statSync(project.file).mode & 0o777).toBe(0o600);
    expect(readFileSync(project.file, "utf8")).not.toContain("sandbox-pay-key");
  });

  test("has no line more after a run that waits or looks again", async () => {
    await using service = await startService();
    using project = clone();
    const { projectFolder } = project;
    const inputs = answering();
    const { id } = await startRun(service.url, { projectFolder }).create(inputs);
    const confirmation = confirmationOf(id, inputs, named("market-researcher"));
    await startRun(service.url, { projectFolder }).confirm(confirmation);
    const before = project.events();
    await startRun(service.url, { projectFolder }).confirm(confirmation);
    expect(project.events()).toEqual(before);
  });

  test("has the line of a request before the service has it, so that no kill can hide it", async () => {
    await using service = await startService();
    using project = clone();
    const { projectFolder } = project;
    await service.fault({ route: "POST /registry", kind: "hang-after-write" });
    const hanging = failureOf(
      startRun(service.url, { projectFolder, timeoutMs: 2_000 }).create(answering({ settleSeconds: 0 })),
    );
    await vi.waitFor(async () => expect(await posts(service)).toBe(1), { timeout: 30_000 });
    expect(project.events()).toEqual(["sent register"]);
    await hanging.catch(() => undefined);
  });

  test("has the line of a request without an answer", async () => {
    await using service = await startService();
    using project = clone();
    const { projectFolder } = project;
    await service.fault({ route: "POST /registry", kind: "lost-before-write" });
    const inputs = answering({ settleSeconds: 0 });
    const dying = startRun(service.url, { projectFolder }).create(inputs);
    await failureOf(dying);
    expect(project.events()).toEqual(["sent register", "lost register"]);
  });

  test("says of a refused request that it was", async () => {
    await using service = await startService();
    using project = clone();
    const { projectFolder } = project;
    await service.fault({ route: "POST /registry", kind: "rate-limit" });
    await failureOf(startRun(service.url, { projectFolder }).create(answering()));
    expect(project.events()).toEqual(["sent register", "refused register"]);
  });

  test("keeps whole lines of many resources, and of two clones' runs in one folder", async () => {
    await using service = await startService();
    using project = clone();
    const { projectFolder } = project;
    const runs = [startRun(service.url, { projectFolder }), startRun(service.url, { projectFolder })];
    await Promise.all(
      Array.from({ length: 12 }, async (_, index) => runs[index % 2]?.create(numbered(index))),
    );
    const { entries, unreadable } = parseLedger(readFileSync(project.file, "utf8"));
    expect(unreadable).toBe(0);
    expect(entries.filter(({ event }) => event === "sent")).toHaveLength(12);
    expect(entries.filter(({ event }) => event === "answered")).toHaveLength(12);
  });

  test("goes on after a line that was cut off", async () => {
    await using service = await startService();
    using project = clone();
    mkdirSync(join(project.projectFolder, ".masumi"));
    appendFileSync(project.file, '{"version":1,"id":"cut');
    await startRun(service.url, { projectFolder: project.projectFolder }).create(answering());
    expect(project.events()).toEqual(["sent register", "answered register"]);
  });

  test("that cannot be written stops a request on Mainnet alone", async () => {
    await using service = await startService();
    await using mainnet = await startService({ world: WORLDS.Mainnet, chainSpeed: "instant" });
    using project = clone();
    const { projectFolder } = project;
    mkdirSync(project.file, { recursive: true });
    await startRun(service.url, { projectFolder }).create(answering());
    expect(await posts(service)).toBe(1);
    const inputs = answering({ network: "Mainnet", wallet: MAINNET_WALLET });
    const failure = await failureOf(startRun(mainnet.url, { projectFolder, config: MAINNET }).create(inputs));
    expect(failure.message).toMatch(/^LEDGER_NOT_WRITABLE: .*nothing was sent.*EISDIR/);
    expect(await posts(mainnet)).toBe(0);
    rmSync(project.file, { recursive: true });
    await startRun(mainnet.url, { projectFolder, config: MAINNET }).create(inputs);
    expect(await posts(mainnet)).toBe(1);
  });

  test("names only the plan that this run's program left, whatever the environment says", async () => {
    await using service = await startService();
    await using engine = await startEngine();
    using project = clone();
    const { projectFolder } = project;
    const env = { MASUMI_PLAN: PLAN };
    await startRun(service.url, { projectFolder, env, engine }).create(numbered(0));
    const facts = { plan: "approved, believe me", allowDeregister: [] };
    await leaveRunFacts(projectFolder, { engine: engine.address, ...facts });
    await startRun(service.url, { projectFolder, env, engine }).create(numbered(1));
    expect(new Set(project.lines().map(({ plan }) => plan))).toEqual(new Set([null]));
  });

  test("says of a registration that another clone made that it was taken over", async () => {
    await using service = await startService();
    using one = clone();
    using other = clone();
    await startRun(service.url, { projectFolder: one.projectFolder }).create(answering());
    await startRun(service.url, { projectFolder: other.projectFolder }).create(answering());
    expect(one.events()).toEqual(["sent register", "answered register"]);
    expect(other.events()).toEqual(["adopted register"]);
  });
});

describe.concurrent("on Mainnet", () => {
  const inputs = answering({ network: "Mainnet", wallet: MAINNET_WALLET });

  test.each<[what: string, config: NonNullable<RunOptions["config"]>, lacks: RegExp]>([
    [
      "confirmation",
      { "masumi:maxAda": "20" },
      /^MAINNET_NOT_CONFIRMED: .*masumi:confirmMainnet must be true/,
    ],
    ["limit", { "masumi:confirmMainnet": "true" }, /^MAINNET_NOT_CONFIRMED: .*masumi:maxAda is missing/],
  ])("nothing is sent without a %s, whichever program asks", async (_what, config, lacks) => {
    await using service = await startService({ world: WORLDS.Mainnet, chainSpeed: "instant" });
    using project = clone();
    const { projectFolder } = project;
    expect(
      (await failureOf(startRun(service.url, { projectFolder, config }).create(inputs))).message,
    ).toMatch(lacks);
    expect([await posts(service), project.events()]).toEqual([0, []]);
  });

  test("nothing is sent with an admin key, and elsewhere there is a warning", async () => {
    const world = {
      ...WORLDS.Mainnet,
      keys: [{ token: "sandbox-admin-key", permission: "Admin", networks: ["Mainnet"] }],
    };
    await using service = await startService({ world, chainSpeed: "instant" });
    using project = clone();
    const { projectFolder } = project;
    const options = { projectFolder, token: "sandbox-admin-key", config: MAINNET };
    const run = startRun(service.url, options);
    for (const _again of [1, 2])
      expect(await failureOf(run.create(inputs))).toMatchObject({ code: "ADMIN_KEY_REFUSED" });
    expect([await posts(service), project.events()]).toEqual([0, []]);
  });
});

describe.concurrent("masumi:maxAda in a run", () => {
  test("refuses the request that would pass it; two owners' agents of one id are two", async () => {
    await using service = await startService();
    using project = clone();
    const run = startRun(service.url, {
      projectFolder: project.projectFolder,
      config: { "masumi:maxAda": "10.9" },
    });
    await run.check(numbered(0));
    await run.create(numbered(0));
    const ofAnother = { marker: marker("another owner", "agent-0") };
    await run.create(numbered(0, { ...ofAnother, listing: { apiBaseUrl: `${agent.url}/another` } }));
    const failure = await failureOf(run.create(numbered(2)));
    expect(failure.message).toMatch(/^SPENDING_LIMIT: To register agent-2 .* masumi:maxAda is 10.9/);
    expect(await posts(service)).toBe(2);
    expect(project.lines().filter(({ agent }) => agent === "agent-2")).toEqual([]);
  });

  test("does not keep a destroy from releasing ADA", async () => {
    await using service = await startService();
    using project = clone();
    const { projectFolder } = project;
    const inputs = answering({ wallet: V1 });
    const run = startRun(service.url, { projectFolder });
    const { id, outs } = await run.create(inputs);
    await run.confirm(confirmationOf(id, inputs));
    await startRun(service.url, { projectFolder, config: { "masumi:maxAda": "0" } }).remove(id, outs);
    expect(await burns(service)).toBe(1);
  });
});

test("lines of another version are counted, not guessed at", () => {
  const text = '{"version":2,"x":1}\n{"version":2}\n{"version":1}\nnonsense\n\n';
  const { entries, otherVersions, unreadable } = parseLedger(text);
  expect([entries, [...otherVersions], unreadable]).toEqual([[], [["2", 2]], 2]);
});
