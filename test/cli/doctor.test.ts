import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { describe, expect, it } from "vitest";
import { type DoctorFlags, doctor } from "../../cli/commands/doctor.ts";
import { EMPTY_V1, EMPTY_V2, V1, V2 } from "../providers/masumi/inputs.ts";
import { WORLDS } from "../providers/masumi/service.ts";
import { startStandIn } from "../helpers/stand-in-crew.ts";
import { PLAIN, CliStack } from "./stack.ts";
import defaultWorld from "../../local/sandbox/world.default.json" with { type: "json" };

interface Found {
  readonly check: string;
  readonly status: string;
  readonly message: string;
  readonly remedy: string | null;
}

const PAY = { MASUMI_API_KEY: "sandbox-pay-key" };
const ADDRESSED = [{ ...V2, address: defaultWorld.paymentSources[0]?.wallets[0]?.address }, { ...V1 }];

const doctorOf = (
  stack: CliStack,
  flags: Partial<DoctorFlags> = {},
  env: Record<string, string | undefined> = PAY,
) => stack.run((project) => doctor(project, { stack: "preprod", ...flags }), env);

async function findings(stack: CliStack, env?: Record<string, string | undefined>): Promise<Found[]> {
  const { stdout, exitCode } = await doctorOf(stack, { json: true }, env);
  const { version, ok, checks } = JSON.parse(stdout) as { version: number; ok: boolean; checks: Found[] };
  expect(version).toBe(1);
  expect(ok).toBe(!checks.some(({ status }) => status === "fail"));
  expect(exitCode).toBe(ok ? 0 : 1);
  return checks;
}

/** The findings of one check as `status message -> remedy`. */
const of = (found: readonly Found[], check: string): string[] =>
  found
    .filter((one) => one.check === check)
    .map(({ status, message, remedy }) => `${status} ${message}${remedy ? ` -> ${remedy}` : ""}`);

describe("masumi-agents doctor", () => {
  it("shows every check in a line, says what to do, and ends with 0 when nothing fails", async () => {
    await using stack = await CliStack.start({ wallets: ADDRESSED });
    stack.declare({ a: {}, b: { payment: "V1" } });
    const { exitCode, stdout } = await doctorOf(stack);
    expect(stdout).toMatch(PLAIN);
    expect(stdout).toMatch(/^ok {4}Node +Node \d+/m);
    expect(stdout).toMatch(
      /^skip {2}Python +no crew of this stack is a process of this machine, so none needs Python here$/m,
    );
    expect(stdout).toMatch(/^ok {4}agents +2 agents valid for stack preprod$/m);
    expect(stdout).toMatch(/^ok {4}settings +Preprod, owner example-gmbh, 2 wallets, hosting process$/m);
    expect(stdout).toMatch(/^ok {4}payment service +http:\/\/127\.0\.0\.1:\d+\/api\/v1 answers \(\d+ ms\)$/m);
    expect(stdout).toMatch(/^ok {4}clock +the payment service's clock (agrees with|is \d s) /m);
    expect(stdout).toMatch(/^ok {4}service release +release 0\.28 or newer$/m);
    expect(stdout).toMatch(/^ok {4}API key +ReadAndPay on Preprod$/m);
    expect(stdout).toMatch(/^ok {4}payment source +V2 wallet fa12fbf5…7e32: addr_test1wzs4e6…n37w4g$/m);
    expect(stdout).toMatch(/^ok {4}wallets +V2 wallet fa12fbf5…7e32 is known, without registrations$/m);
    expect(stdout).toMatch(
      /^ok {4}balances +V2 wallet .* has 10000 ADA free; the next up takes up to 5\.422653$/m,
    );
    expect(stdout).toMatch(/^skip {2}ports +no crew of this stack is a process of this machine$/m);
    expect(stdout).toMatch(/^ok {4}plan +On the chain: 2 to register\. About .* locked\.$/m);
    expect(stdout).toMatch(
      /^ok {4}parallel steps +masumi-agents sets PULUMI_PARALLEL=18, because 2 agents and 16 other steps may run at once$/m,
    );
    expect(stdout).toMatch(
      /^skip {2}Docker +no agent of this stack is hosted by it, so it needs no Docker$/m,
    );
    expect(stdout).toMatch(/^\d+ ok, \d warnings?, 0 failures, \d+ not checked\.$/m);
    expect(exitCode).toBe(0);
  });

  it("sends nothing but reads", async () => {
    await using stack = await CliStack.start({ wallets: ADDRESSED });
    stack.declare({ a: {} });
    await doctorOf(stack);
    const routes = Object.keys(await stack.service.requests());
    expect(routes.filter((route) => !route.startsWith("GET "))).toEqual([]);
  });

  it("all checks run when some fail: settings, declarations, and what needs neither", async () => {
    await using stack = await CliStack.start({ owner: undefined, apiKey: "in-plain-text" });
    stack.project.write("agents/a.yaml", "nam: A");
    const found = await findings(stack);
    expect(of(found, "agents")[0]).toMatch(
      /^fail \d+ complaints:\n {2}- agents\/a\.yaml:1:1: .*\n {2}- [^]* -> correct the files; npx masumi-agents validate --stack preprod /,
    );
    expect(of(found, "settings")[0]).toMatch(/^fail CONFIG_INVALID: .*masumi:owner is missing/s);
    expect(of(found, "settings")[0]).toMatch(/masumi:apiKey is in plain text/);
    expect(of(found, "settings")[0]).not.toContain("in-plain-text");
    for (const check of ["payment service", "service release", "plan"]) {
      expect(of(found, check)).toEqual(["skip the stack's settings are not valid"]);
    }
    expect(of(found, "ports")).toEqual(["skip agents/ is not valid"]);
    expect(of(found, "Node")[0]).toMatch(/^ok /);
    expect(of(found, "parallel steps")[0]).toMatch(/^ok /);
  });

  it("a service that is not there is said once", async () => {
    await using stack = await CliStack.start({ paymentServiceUrl: "http://127.0.0.1:9/api/v1" });
    const found = await findings(stack);
    expect(of(found, "payment service")[0]).toMatch(
      /^fail nothing usable answers at .*\(ECONNREFUSED\) -> check masumi:paymentServiceUrl/,
    );
    expect(found.filter(({ status }) => status === "fail")).toHaveLength(1);
    expect(of(found, "API key")).toEqual(["skip the payment service does not answer"]);
  });

  it("something else at the service's address is told from it", async () => {
    const server = createServer((_request, response) => response.end("<html>"));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    await using stack = await CliStack.start({ paymentServiceUrl: `http://127.0.0.1:${port}` });
    expect(of(await findings(stack), "payment service")[0]).toMatch(
      /^fail .*answers HTTP 200, not as a Masumi payment service does -> .*ends in \/api\/v1/,
    );
    await new Promise((closed) => server.close(closed));
  });

  it.each<[what: string, key: string, said: RegExp]>([
    ["an unknown key", "a-key-that-nobody-knows", /^fail KEY_REFUSED: .* -> Check masumi:apiKey/],
    [
      "a key of the other network",
      "sandbox-mainnet-key",
      /^fail KEY_OF_OTHER_NETWORK: .* -> Use a key for Preprod/,
    ],
    [
      "a Read key",
      "sandbox-read-key",
      /^warn .*Read: enough to look .*not for up -> .*ReadAndPay key limited/,
    ],
    [
      "an admin key",
      "sandbox-admin-key",
      /^warn .*Admin: .* -> use a ReadAndPay key limited to the selling wallets/,
    ],
  ])("%s", async (_what, MASUMI_API_KEY, said) => {
    const mainnet = { token: "sandbox-mainnet-key", permission: "ReadAndPay", networks: ["Mainnet"] };
    const world = { ...defaultWorld, keys: [...defaultWorld.keys, mainnet] };
    await using stack = await CliStack.start({}, { chainSpeed: "instant", world });
    const found = await findings(stack, { MASUMI_API_KEY });
    expect(of(found, "API key")[0]).toMatch(said);
    expect(of(found, "API key")).toHaveLength(1);
    const isServed = said.source.startsWith("^warn");
    expect(of(found, "wallets")[0]).toMatch(
      isServed ? /^ok / : /^skip the payment service does not serve this API key$/,
    );
  });

  it("the key that only Pulumi can read is asked for", async () => {
    await using stack = await CliStack.start();
    const found = await findings(stack, { MASUMI_API_KEY: undefined });
    expect(of(found, "settings")[0]).toMatch(/^fail .*Set MASUMI_API_KEY for this command/);
  });

  it("wallets: unknown ones and ones of another type fail, those without address or ADA warn", async () => {
    const unknown = { vkey: "ab".repeat(28), type: "V2" };
    const mistyped = { vkey: EMPTY_V1.vkey, type: "V2" };
    const empty = defaultWorld.paymentSources[0]?.wallets[1];
    await using stack = await CliStack.start({
      wallets: [V2, unknown, mistyped, { vkey: EMPTY_V2.vkey, type: "V2", address: empty?.address }],
    });
    const found = await findings(stack);
    expect(of(found, "wallets").map((text) => text.slice(0, 39))).toEqual([
      "ok V2 wallet fa12fbf5…7e32 is known, wi",
      "fail WALLET_UNKNOWN: The payment servic",
      "fail WALLET_UNKNOWN: The payment servic",
      "ok V2 wallet f5746caf…cc5d is known, wi",
    ]);
    const [first, , , last] = of(found, "balances");
    expect(first).toMatch(/^warn the balance of V2 wallet .* is unknown -> give its address/);
    expect(last).toMatch(/^warn V2 wallet .* is empty -> send ADA to addr_test1/);
  });

  it("a wallet that cannot pay for the next up fails, with what to send where", async () => {
    const empty = defaultWorld.paymentSources[0]?.wallets[1];
    await using stack = await CliStack.start({
      wallets: [{ vkey: EMPTY_V2.vkey, type: "V2", address: empty?.address }],
    });
    stack.declare({ a: {} });
    expect(of(await findings(stack), "balances")[0]).toMatch(
      /^fail WALLET_UNFUNDED: .* -> Send at least 5\.422653 ADA to addr_test1/,
    );
  });

  it("an old release without V2: a warning, and no payment source for a V2 wallet", async () => {
    await using stack = await CliStack.start({}, { chainSpeed: "instant", world: WORLDS["release 0.21"] });
    const found = await findings(stack);
    expect(of(found, "service release")[0]).toMatch(
      /^warn release 0\.21 or older: no V2 wallets.* -> ask the administrator/,
    );
    expect(of(found, "payment source")[0]).toMatch(/^fail PAYMENT_SOURCE_UNKNOWN: /);
  });

  it("a clock that is one hour off", async () => {
    await using stack = await CliStack.start({}, { chainSpeed: "instant", clockSkewSeconds: -3600 });
    expect(of(await findings(stack), "clock")[0]).toMatch(
      /^warn the payment service's clock is (3599|3600|3601) s behind this machine's -> set both by NTP/,
    );
  });

  it("ports of crews: chosen later, free, held by the crew or by a stranger", async () => {
    const stranger = createTcpServer();
    await new Promise<void>((listening) => stranger.listen(0, "127.0.0.1", listening));
    const { port } = stranger.address() as AddressInfo;
    await using stack = await CliStack.start();
    const crew = {
      agents: { one: { role: "r", goal: "g", backstory: "b" } },
      tasks: [{ name: "t", agent: "one", description: "d", expected_output: "e" }],
    };
    const hosted = (name: string) => ({ name, url: undefined, pricing: "free", crew });
    stack.declare({ taken: hosted("One"), later: hosted("Two") });
    stack.project.write(".masumi/ports.json", JSON.stringify({ taken: port }));
    const [said] = of(await findings(stack), "ports");
    expect(said).toMatch(
      new RegExp(`^fail port ${port}, reserved for taken, is used by another program -> end`),
    );
    await new Promise((closed) => stranger.close(closed));
    expect(of(await findings(stack), "ports")).toEqual([
      `ok later: chosen by the first up, taken: ${port} is free`,
    ]);

    const running = await startStandIn(port);
    stack.project.write(".masumi/crews/taken/process.json", JSON.stringify(running));
    expect(of(await findings(stack), "ports")).toEqual([
      `ok later: chosen by the first up, taken: ${port} is held by its crew`,
    ]);
    process.kill(running.pid, "SIGKILL");
    const died = `warn the crew of taken is not running; its port ${port} is free -> start it again with: npx masumi-agents up`;
    await expect.poll(async () => of(await findings(stack), "ports")[0]).toContain(died);
  });

  it("nothing that depends on agents while a file of theirs is invalid", async () => {
    await using stack = await CliStack.start();
    stack.project.write("agents/broken.yaml", "nonsense: {\n");
    const found = await findings(stack);
    const checks = ["plan", "ports", "runtime keys", "database"];
    expect(checks.map((check) => of(found, check))).toEqual(checks.map(() => ["skip agents/ is not valid"]));
  });

  it("the local stack without its sandbox: as a user sees it, with exit code 1", async () => {
    await using stack = await CliStack.start();
    const { exitCode, stdout, stderr } = await stack.project.run("doctor");
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(PLAIN);
    expect(stdout).toMatch(/^fail {2}payment service +the sandbox is off\n +-> npx masumi-agents sandbox$/m);
    expect(stdout).toMatch(/^skip {2}\d\d checks +the sandbox is off: settings, clock, /m);
    expect(stdout.match(/the sandbox is off/g)).toHaveLength(2);
    expect(stdout, "what no sandbox would be asked for").toMatch(
      /^skip {2}Docker +no agent of this stack is hosted by it, so it needs no Docker\nskip {2}AWS +.*needs no AWS$/m,
    );
    expect(stdout).toMatch(/^skip {2}Pulumi +a local stack needs no Pulumi CLI$/m);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
