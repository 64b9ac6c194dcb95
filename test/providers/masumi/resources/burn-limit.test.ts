import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { leaveRunFacts } from "../../../../providers/masumi/service/ledger/index.ts";
import { decideBurn } from "../../../../providers/masumi/service/rules/burn.ts";
import { type Registered, answering, burns, live, numbered, posts, registered, states } from "../agent.ts";
import { EMPTY_V1, V1, failureOf } from "../inputs.ts";
import { type RunOptions, projectFolder, startRun } from "../run.ts";
import { startEngine } from "../servers.ts";
import { MAINNET_WALLET, type Service, WORLDS, startService } from "../service.ts";

describe("burning", () => {
  const request = {
    network: "Preprod" as const,
    agentId: "a",
    rowId: "row-a",
    isDestroy: false,
    unnamedSoFar: 0,
    allowed: [] as string[],
    allowedByEnvironment: undefined,
  };
  test.each<[string, Partial<Parameters<typeof decideBurn>[0]>, boolean, boolean]>([
    ["the first of a run", {}, true, true],
    ["the third of a run", { unnamedSoFar: 2 }, true, true],
    ["the fourth of a run", { unnamedSoFar: 3 }, false, true],
    ["the fourth, named", { unnamedSoFar: 3, allowed: ["a"] }, true, false],
    ["the fourth, its row named", { unnamedSoFar: 3, allowed: ["row-a"] }, true, false],
    ["the fourth, another one named", { unnamedSoFar: 3, allowed: ["b"] }, false, true],
    ["the first on Mainnet", { network: "Mainnet" }, false, true],
    ["named on Mainnet", { network: "Mainnet", allowed: ["a"] }, true, false],
    [
      "the environment says nothing about an up",
      { network: "Mainnet", allowedByEnvironment: "all" },
      false,
      true,
    ],
    ["destroy", { isDestroy: true, unnamedSoFar: 99 }, true, false],
    ["destroy on Mainnet", { isDestroy: true, network: "Mainnet" }, false, false],
    [
      "destroy on Mainnet, named in config only",
      { isDestroy: true, network: "Mainnet", allowed: ["a"] },
      false,
      false,
    ],
    [
      "destroy on Mainnet, named",
      { isDestroy: true, network: "Mainnet", allowedByEnvironment: "b, a" },
      true,
      false,
    ],
    [
      "destroy on Mainnet, its row named",
      { isDestroy: true, network: "Mainnet", allowedByEnvironment: "row-a" },
      true,
      false,
    ],
    [
      "destroy on Mainnet, all",
      { isDestroy: true, network: "Mainnet", allowedByEnvironment: "all" },
      true,
      false,
    ],
  ])("%s", (_name, changes, allowed, counts) => {
    expect(decideBurn({ ...request, ...changes })).toEqual({ allowed, counts });
  });
});

const PROGRAM = "urn:pulumi:test::masumi::pulumi:pulumi:Stack::masumi-test";

describe.concurrent("burns are never an accident", () => {
  const fleet = async (service: Service, count: number, changes: Parameters<typeof numbered>[1] = {}) =>
    Promise.all(Array.from({ length: count }, (_, index) => registered(service, numbered(index, changes))));

  test("three of a run go, the fourth must be named", async () => {
    await using service = await startService();
    const [kept, ...removed] = await fleet(service, 6);
    if (!kept) throw new Error("no agents");
    const run = startRun(service.url, { config: { "masumi:allowDeregister": '["agent-5"]' } });
    await run.check(kept.inputs);
    const ends = await Promise.allSettled(removed.map(({ id, outs }) => run.remove(id, outs)));
    expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
    expect(await burns(service)).toBe(4);
    const refused = ends.flatMap((end) => (end.status === "rejected" ? [String(end.reason)] : []));
    expect(refused).toEqual([
      expect.stringMatching(/DEREGISTRATION_LIMIT: agent-\d .*masumi:allowDeregister/),
    ]);
  });

  test.each<[what: string, root: string, gone: number]>([
    ["a program without agents is no destroy", PROGRAM, 3],
    ["a run without a program is one", "", 4],
  ])("%s, as the engine tells", async (_what, root, gone) => {
    await using service = await startService();
    await using engine = await startEngine("127.0.0.1:0", root);
    const agents = await fleet(service, 4);
    const run = startRun(service.url, { engine });
    const ends = await Promise.allSettled(agents.map(({ id, outs }) => run.remove(id, outs)));
    expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(gone);
    expect(await burns(service)).toBe(gone);
  });

  /** As from Python, Go and Pulumi YAML: their SDKs tell the engine nothing of the stack's own resource. */
  describe("a program that the engine does not know of", () => {
    test("is held to the limit while it has an agent", async () => {
      await using service = await startService();
      await using engine = await startEngine("127.0.0.1:0", "");
      const [kept, ...removed] = await fleet(service, 5);
      if (!kept) throw new Error("no agents");
      const run = startRun(service.url, { engine });
      await run.check(kept.inputs);
      await Promise.allSettled(removed.map(({ id, outs }) => run.remove(id, outs)));
      expect(await burns(service)).toBe(3);
    });

    test.each<[what: string, file: string, burned: number]>([
      ["is held to it", "config: {}", 3],
      ["may burn what the stack's file names", 'config: { "masumi:allowDeregister": [agent-2] }', 4],
      ["takes no more than the stack's file says", 'config: { "masumi:maxAda": "0" }', 0],
    ])("%s when it loses its last one, which looks like a destroy", async (_what, file, burned) => {
      await using service = await startService();
      await using engine = await startEngine("127.0.0.1:0", "");
      const folder = mkdtempSync(join(projectFolder, "untold-"));
      writeFileSync(join(folder, "Pulumi.test.yaml"), file);
      const options = { engine, projectFolder: folder, config: { "masumi:maxAda": "100" } };
      const agents = await Promise.all(
        [0, 1, 2, 3].map((index) => registered(service, numbered(index), options)),
      );
      const run = startRun(service.url, options);
      const refreshed = agents.map(async ({ id, outs }) =>
        run.remove(id, (await run.read(id, outs)).props ?? outs),
      );
      await Promise.allSettled(refreshed);
      expect(await burns(service)).toBe(burned);
    });

    test("burns on Mainnet only what is named as for a destroy, since it may be one", async () => {
      await using service = await startService({ world: WORLDS.Mainnet, chainSpeed: "instant" });
      await using engine = await startEngine("127.0.0.1:0", "");
      const inputs = answering({ network: "Mainnet", wallet: MAINNET_WALLET });
      const settings = { "masumi:confirmMainnet": "true", "masumi:maxAda": "20" };
      const config = { ...settings, "masumi:allowDeregister": JSON.stringify([inputs.agentId]) };
      const { id, outs } = await registered(service, inputs, { engine, config });
      const refusal = await failureOf(startRun(service.url, { engine, config }).remove(id, outs));
      expect(refusal).toMatchObject({ code: "DEREGISTRATION_LIMIT" });
      const env = { MASUMI_ALLOW_DEREGISTER: inputs.agentId };
      await startRun(service.url, { engine, config, env }).remove(id, outs);
      expect(await burns(service)).toBe(1);
    });
  });

  test("a row may be named as well", async () => {
    await using service = await startService();
    const [kept, ...removed] = await fleet(service, 5);
    if (!kept) throw new Error("no agents");
    const named = JSON.stringify([removed[0]?.id]);
    const run = startRun(service.url, { config: { "masumi:allowDeregister": named } });
    await run.check(kept.inputs);
    await Promise.all(removed.map(({ id, outs }) => run.remove(id, outs)));
    expect(await burns(service)).toBe(4);
  });

  test("removals and replacements count together, and what may not be burned is not paid for either", async () => {
    await using service = await startService();
    const [first, second, third, fourth] = await fleet(service, 4, { wallet: V1 });
    if (!first || !second || !third || !fourth) throw new Error("no agents");
    const run = startRun(service.url);
    const replace = async ({ id, outs, inputs }: Registered) => {
      const news = { ...inputs, listing: { ...inputs.listing, description: "Another one." } };
      expect(await run.diff(id, outs, (await run.check(news)).inputs)).toMatchObject({
        replaces: ["listing"],
      });
      await run.create(news);
      await run.remove(id, outs);
    };
    await replace(first);
    await replace(second);
    await run.remove(third.id, third.outs);
    const failure = await failureOf(replace(fourth));
    expect(failure).toMatchObject({ code: "DEREGISTRATION_LIMIT" });
    expect(failure.what).toContain(`agent-3 (registration ${fourth.id})`);
    expect(await posts(service)).toBe(4 + 2);
    expect(await burns(service)).toBe(3);
    expect((await live(service)).map(({ name }) => name).toSorted()).toEqual([
      "Agent 0",
      "Agent 1",
      "Agent 3",
    ]);
  });

  test("failed registrations and entries that this run keeps do not count", async () => {
    await using service = await startService();
    const [kept] = await fleet(service, 1);
    if (!kept) throw new Error("no agents");
    const failed = await Promise.all(
      Array.from({ length: 4 }, (_, index) =>
        startRun(service.url).create(numbered(index + 1, { wallet: EMPTY_V1 })),
      ),
    );
    const run = startRun(service.url);
    await run.check(kept.inputs);
    await run.diff(kept.id, kept.outs, kept.inputs);
    await Promise.all([...failed, kept].map(({ id, outs }) => run.remove(id, outs)));
    expect(await burns(service)).toBe(0);
  });

  test("a destroy takes twenty at once, also while the provider is being configured", async () => {
    await using service = await startService();
    const agents = await fleet(service, 20);
    const run = startRun(service.url);
    await Promise.all(agents.map(({ id, outs }) => run.remove(id, outs)));
    expect(new Set(await states(service))).toEqual(new Set(["DeregistrationConfirmed"]));
    expect(await burns(service)).toBe(20);
  });

  test.each([
    [undefined, "DEREGISTRATION_LIMIT"],
    ["someone-else", "DEREGISTRATION_LIMIT"],
    ["market-researcher", undefined],
    ["all", undefined],
  ])("a destroy on Mainnet wants MASUMI_ALLOW_DEREGISTER (%s)", async (allowed, code) => {
    await using service = await startService({ world: WORLDS.Mainnet, chainSpeed: "instant" });
    const inputs = answering({ network: "Mainnet", wallet: MAINNET_WALLET });
    const config = { "masumi:confirmMainnet": "true", "masumi:maxAda": "20" };
    const { id, outs } = await registered(service, inputs, { config });
    const ended = await startRun(service.url, { env: { MASUMI_ALLOW_DEREGISTER: allowed } })
      .remove(id, outs)
      .then(() => undefined)
      .catch((error: { code: string }) => error.code);
    expect(ended).toBe(code);
    expect(await burns(service)).toBe(code ? 0 : 1);
  });
});

describe.concurrent("a program without agents, on Mainnet", () => {
  const ID = "market-researcher";
  const NAMED = { "masumi:allowDeregister": JSON.stringify([ID]) };
  const ANOTHER_RUN = "127.0.0.1:9";

  test.each<
    [what: string, state: RunOptions["config"], left: { names?: string[]; by?: string }, code?: string]
  >([
    ["burns what it names in this run", {}, { names: [ID] }],
    [
      "burns nothing that another run has named",
      {},
      { names: [ID], by: ANOTHER_RUN },
      "DEREGISTRATION_LIMIT",
    ],
    ["burns nothing that it names no longer", NAMED, {}, "DEREGISTRATION_LIMIT"],
  ])("%s", async (_what, config, { names = [], by }, code) => {
    expect(await removeLast(config, { by, allowDeregister: names, maxAda: "20" })).toBe(code);
  });

  test.each<[what: string, inState: string, left: string, by: string | undefined, code?: string]>([
    ["as much as this run's masumi:maxAda, though the run before had less", "0", "20", undefined],
    ["nothing by another run's masumi:maxAda", "0", "20", ANOTHER_RUN, "SPENDING_LIMIT"],
    [
      "no more than this run's masumi:maxAda, though the run before had more",
      "20",
      "0",
      undefined,
      "SPENDING_LIMIT",
    ],
  ])("takes %s", async (_what, before, maxAda, by, code) => {
    const config = { ...NAMED, "masumi:maxAda": before };
    expect(await removeLast(config, { by, allowDeregister: [ID], maxAda })).toBe(code);
  });

  const LIMITED = `config: { "masumi:allowDeregister": [${ID}], "masumi:maxAda": "20" }`;
  test.each<[what: string, state: RunOptions["config"], files: Record<string, string>, code?: string]>([
    ["burns what its stack's file names", {}, { "Pulumi.test.yaml": LIMITED }],
    [
      "finds the file where the project has them",
      {},
      { "Pulumi.yaml": "stackConfigDir: stacks", "stacks/Pulumi.test.yaml": LIMITED },
    ],
    [
      "burns nothing that another stack's names",
      {},
      { "Pulumi.other.yaml": LIMITED },
      "DEREGISTRATION_LIMIT",
    ],
    [
      "burns nothing that the file names no longer",
      NAMED,
      { "Pulumi.test.yaml": 'config: { "masumi:maxAda": "20" }' },
      "DEREGISTRATION_LIMIT",
    ],
    [
      "takes no more than the file's masumi:maxAda",
      NAMED,
      { "Pulumi.test.yaml": LIMITED.replace('"20"', '"0"') },
      "SPENDING_LIMIT",
    ],
    [
      "goes by the run before where the file does not tell",
      NAMED,
      { "Pulumi.test.yaml": 'environment: [shared]\nconfig: { "masumi:maxAda": { secure: v1:x:y } }' },
    ],
    ["goes by the run before where there is no file", NAMED, {}],
  ])("of one's own, which leaves nothing, %s", async (_what, config, files, code) => {
    expect(await removeLast(config, undefined, files)).toBe(code);
  });

  /** Removes the last agent in a run whose provider has the settings of an earlier one. Returns the code of its failure. */
  async function removeLast(
    config: RunOptions["config"],
    left: { by: string | undefined; allowDeregister: string[]; maxAda: string } | undefined,
    files: Readonly<Record<string, string>> = {},
  ): Promise<string | undefined> {
    await using service = await startService({ world: WORLDS.Mainnet, chainSpeed: "instant" });
    await using engine = await startEngine("127.0.0.1:0", PROGRAM);
    const folder = mkdtempSync(join(tmpdir(), "masumi-last-agent-"));
    try {
      const before = { "masumi:confirmMainnet": "true", "masumi:maxAda": "20" };
      const inputs = answering({ network: "Mainnet", wallet: MAINNET_WALLET });
      const { id, outs } = await registered(service, inputs, { config: before, projectFolder: folder });
      if (left) {
        const { by, ...limits } = left;
        await leaveRunFacts(folder, { engine: by ?? engine.address, plan: "0".repeat(64), ...limits });
      }
      for (const [file, content] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), content);
      }
      const run = startRun(service.url, { engine, projectFolder: folder, config: { ...before, ...config } });
      const code = await run.remove(id, outs).then(
        () => undefined,
        (error: { code: string }) => error.code,
      );
      expect(await burns(service)).toBe(code ? 0 : 1);
      return code;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
});
