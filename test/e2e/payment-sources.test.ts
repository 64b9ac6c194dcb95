import { afterAll, beforeAll, expect, it } from "vitest";
import { checksummed } from "../../providers/common/evm-address.ts";
import { type RunningSandbox, startSandbox } from "../../local/sandbox/index.ts";
import defaultWorld from "../../local/sandbox/world.default.json" with { type: "json" };
import { type OutsideAgents, outsideAgent, startOutsideAgents } from "../helpers/outside-agents.ts";
import { TestProject, changes, twice } from "../helpers/project.ts";
import { SandboxControl } from "../helpers/sandbox-control.ts";

/* An agent that is paid on Cardano and, by x402, on an EVM chain. Every step is taken twice. */

const CHAIN = "eip155:84532";
const PAY_TO = checksummed(`0x${"ab".repeat(20)}`);
const USDC = checksummed(`0x${"cd".repeat(20)}`);
const base = (payTo: string) => ({
  base: {
    network: CHAIN,
    payTo,
    tokens: { USDC: { address: USDC, decimals: 6, extra: { name: "USDC", version: "2" } } },
  },
});
const WORLD = {
  ...defaultWorld,
  keys: defaultWorld.keys.map((key) => ({ ...key, chains: [CHAIN] })),
  x402: [CHAIN],
};

let outside: OutsideAgents;
let sandbox: RunningSandbox;
let control: SandboxControl;
let project: TestProject;

const declare = (price: string | undefined) => {
  const more =
    price === undefined
      ? ""
      : `sources:\n  - { x402: base, pricing: { fixed: ${price} } }\n  - { x402: base, pricing: dynamic }\n`;
  project.write("agents/alpha.yaml", outsideAgent("Alpha", outside.url, { more }));
};
const allow = (payTo: string) => project.run("config", "set", "masumi:x402", JSON.stringify(base(payTo)));
const sources = async () => {
  const [row] = (await control.rows()).filter(({ state }) => !state.startsWith("Deregistration"));
  return (row as unknown as { supportedPaymentSources: Record<string, unknown>[] }).supportedPaymentSources;
};

beforeAll(async () => {
  outside = await startOutsideAgents();
  sandbox = await startSandbox({ world: WORLD, chainSpeed: "instant" });
  control = new SandboxControl(sandbox.url);
  project = new TestProject();
  project.useSandbox(sandbox.url);
});
afterAll(async () => {
  await project.dispose();
  await sandbox.close();
  await outside.close();
});

it("nobody is paid whom the stack does not name", async () => {
  declare("1 USDC");
  const { exitCode, stdout, stderr } = await project.run("up");
  expect([exitCode, stdout + stderr]).toEqual([
    1,
    expect.stringContaining('the stack has no x402 entry "base"'),
  ]);
  expect(await control.rows()).toEqual([]);
}, 60_000);

it("up registers all ways to pay in one entry", async () => {
  expect((await allow(PAY_TO)).exitCode).toBe(0);
  expect(await twice(project, "up")).toContain("create AgentRegistration alpha");
  const [cardano, fixed, dynamic] = await sources();
  expect(cardano).toMatchObject({ chain: "Cardano", pricing: { fixed: [{ asset: "", amount: "3000000" }] } });
  expect(fixed).toMatchObject({
    chain: "EVM",
    network: CHAIN,
    scheme: "Exact",
    payTo: PAY_TO.toLowerCase(),
    extra: { name: "USDC", version: "2" },
    pricing: { fixed: [{ asset: USDC.toLowerCase(), amount: "1000000", decimals: 6 }] },
  });
  expect(dynamic).toMatchObject({ chain: "EVM", pricing: { pricingType: "Dynamic" } });
}, 120_000);

it("plan, drift and refresh have nothing to say", async () => {
  expect((await project.run("plan")).stdout).toContain("On the chain: nothing to do.");
  expect(await project.run("drift")).toMatchObject({ exitCode: 0 });
  const { same, ...other } = (await project.report("refresh")).changes;
  expect(same).toBeGreaterThan(0);
  expect(Object.values(other).filter((count) => count > 0)).toEqual([]);
}, 120_000);

it("another price, and another address of the stack's, are updates that plan shows", async () => {
  declare("2 USDC");
  const other = `0x${"ef".repeat(20)}`;
  await allow(other);
  const { stdout } = await project.run("plan", "--json");
  const { agents } = JSON.parse(stdout) as {
    agents: { action: string; changes: { from: string; to: string }[] }[];
  };
  expect(agents[0]?.action).toBe("update");
  expect(agents[0]?.changes[0]).toMatchObject({
    from: expect.stringContaining(`${CHAIN}: 1 of ${USDC.toLowerCase()} to ${PAY_TO.toLowerCase()}`),
    to: expect.stringContaining(`${CHAIN}: 2 of ${USDC.toLowerCase()} to ${other}`),
  });
  expect(await twice(project, "up")).toContain("update AgentRegistration alpha");
  expect((await sources())[1]).toMatchObject({ payTo: other, pricing: { fixed: [{ amount: "2000000" }] } });
}, 120_000);

it("import writes the sources by the stack's names, and none that it does not have", async () => {
  project.remove("agents/alpha.yaml");
  await allow(PAY_TO);
  const refused = await project.run("import", "Alpha");
  expect([refused.exitCode, refused.stdout]).toEqual([
    1,
    expect.stringContaining("masumi:x402 of this stack has no entry"),
  ]);
  await allow(`0x${"ef".repeat(20)}`);
  expect((await project.run("import", "Alpha")).exitCode).toBe(0);
  expect(project.read("agents/alpha.yaml")).toMatch(/x402: base\n\s+pricing:\n\s+fixed: 2 USDC/);
  expect(changes(await project.report("up"))).toEqual([]);
}, 120_000);

it("a file without sources removes them", async () => {
  declare(undefined);
  expect(await twice(project, "up")).toContain("update AgentRegistration alpha");
  expect(await sources()).toHaveLength(1);
  await twice(project, "destroy");
}, 120_000);

it("a chain that is not settled there is refused before anything is spent", async () => {
  await sandbox.close();
  sandbox = await startSandbox({ world: { ...WORLD, x402: [] }, chainSpeed: "instant" });
  control = new SandboxControl(sandbox.url);
  project.useSandbox(sandbox.url);
  declare("1 USDC");
  await allow(PAY_TO);
  const { exitCode, stdout, stderr } = await project.run("up");
  expect(exitCode).toBe(1);
  expect(stdout + stderr).toContain(`x402 network is not available for settlement: ${CHAIN}`);
  expect(await control.rows()).toEqual([]);
}, 120_000);
